using Tare.Cli.Flags;
using Tare.Linux;

namespace Tare.Cli.Commands;

/// <summary>From the words of a command line to the verb, and from its outcome to the exit code.</summary>
internal static class CommandLine
{
    /// <summary>Docker's exit code for a command line that makes no sense.</summary>
    private const int UsageError = 125;

    /// <summary>Runs the verb that the words ask for; all errors are told.</summary>
    public static int Run(Session session, ReadOnlySpan<string> words)
    {
        int code;
        try
        {
            code = RunAsync(session, words).AsTask().GetAwaiter().GetResult();
            // Not before this is it known whether the user has got it all.
            session.Out.Flush();
        }
        catch (Exception e)
        {
            code = Tell(session, e);
        }

        try
        {
            session.Error.Flush();
        }
        catch (LinuxException)
        {
            // Nobody can be told any more but by the exit code.
            if (code == 0) code = 1;
        }

        return code;
    }

    /// <summary>Tells an error, after what was said before it; returns the exit code. No error of this program is a trace and a core dump.</summary>
    private static int Tell(Session session, Exception error)
    {
        var (message, code) = error switch
        {
            CommandException e => (e.Message, e.ExitCode),
            _ when CommandException.IsExpected(error) => (CommandException.Describe(error), 1),
            _ when session.Options.Debug => (error.ToString(), 1),
            _ => ($"{session.Program} has made a mistake ({error.GetType().Name}: {error.Message}); with --debug it says where", 1),
        };
        try
        {
            session.Out.Flush();
        }
        catch (LinuxException e)
        {
            // The output is gone as well. It empties its buffer before it writes, so that this is told once.
            message = message.Length == 0 ? e.Message : $"{message}\n{e.Message}";
        }

        try
        {
            if (message.Length > 0) session.Error.WriteLine(message);
        }
        catch (LinuxException)
        {
            // Nobody can be told. The exit code stays.
        }

        return code;
    }

    private static ValueTask<int> RunAsync(Session session, ReadOnlySpan<string> words)
    {
        var program = session.Program;
        List<string> rest;
        try
        {
            rest = session.Options.Flags.Parse(words, session.Out.WriteLine);
        }
        catch (FlagException e)
        {
            throw new CommandException($"{e.Message}\n\nUsage:  {program} [OPTIONS] COMMAND [ARG...]\n\nRun '{program} --help' for more information", UsageError);
        }

        session.Options.Check();
        if (session.Options.Version)
        {
            session.Out.WriteLine($"{(session.IsDocker ? "Docker" : "Tare")} version {BuildInfo.Version}, build {BuildInfo.Commit}");
            return new(0);
        }

        if (session.Options.Help)
        {
            session.Out.Write(Help.OfProgram(program, session.Options.Flags));
            return new(0);
        }

        if (rest.Count == 0)
        {
            session.Error.Write(Help.OfProgram(program, session.Options.Flags));
            return new(0);
        }

        var asksHelp = rest[0] == "help";
        if (asksHelp) rest.RemoveAt(0);
        var (verb, used) = Find(session, rest);
        if (asksHelp)
        {
            if (used < rest.Count || (verb is null && rest.Count > 0)) throw new CommandException($"unknown help topic: {string.Join(' ', rest.Skip(used))}");
            session.Out.Write(verb is null ? Help.OfProgram(program, session.Options.Flags) : Help.Of(verb, program));
            return new(0);
        }

        return verb is null
            ? throw new CommandException($"{program}: unknown command: {program} {rest[0]}\n\nRun '{program} --help' for more information")
            : RunVerb(session, verb, rest[used..].ToArray());
    }

    /// <summary>The verb, and how many words named it.</summary>
    private static (Verb? Verb, int Used) Find(Session session, List<string> words)
    {
        if (words.Count == 0) return (null, 0);
        var verb = VerbTable.Create("", words[0]);
        if (verb is null)
        {
            NotMissing(session, "", words[0]);
            return (null, 0);
        }

        verb.Path = $"{session.Program} {words[0]}";
        if (verb is not Group group || words.Count == 1) return (verb, 1);
        var member = VerbTable.Create(group.Name, words[1]);
        if (member is null)
        {
            NotMissing(session, group.Name, words[1]);
            return (group, 1);
        }

        member.Path = $"{verb.Path} {words[1]}";
        return (member, 2);
    }

    private static void NotMissing(Session session, string group, string name)
    {
        if (VerbTable.IsMissing(group, name))
            throw new CommandException($"{session.Program}: \"{(group.Length == 0 ? "" : group + " ")}{name}\" is not there yet in this version of Tare");
    }

    private static ValueTask<int> RunVerb(Session session, Verb verb, string[] words)
    {
        List<string> arguments;
        try
        {
            arguments = verb.Flags.Parse(words, session.Out.WriteLine);
        }
        catch (HelpRequestedException)
        {
            session.Out.Write(Help.Of(verb, session.Program));
            return new(0);
        }
        catch (FlagException e)
        {
            throw new CommandException($"{e.Message}\n\nUsage:  {verb.UseLine}\n\nRun '{verb.Path} --help' for more information", UsageError);
        }

        if (verb.Flags.Find("help") is SwitchFlag { Value: true })
        {
            session.Out.Write(Help.Of(verb, session.Program));
            return new(0);
        }

        if (verb is not Group) verb.Arguments.Check(session, verb, arguments.Count);
        return verb.RunAsync(session, arguments);
    }
}

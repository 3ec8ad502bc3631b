using System.Text;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Io;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Cli.Oci;

/// <summary>
/// The OCI runtime: <c>tare oci</c>, or <c>runc</c> by a link. It starts, does one thing and ends, so that it has a way of its own from the
/// words to the verb, on which nothing of the client's is touched.
/// </summary>
internal static class OciCommandLine
{
    private const int HelpColumn = 18;
    private const int UnknownVerbCode = 3;

    private static readonly string[] Names =
        ["create", "delete", "events", "exec", "features", "kill", "list", "pause", "ps", "resume", "run", "spec", "start", "state", "update"];

    /// <summary>Runs the verb that the words ask for; all errors are told.</summary>
    public static int Run(string program, ReadOnlySpan<string> words)
    {
        var (output, error) = (new Output(StandardStreams.Output), new Output(StandardStreams.Error));
        var options = new OciOptions();
        OciSession? session = null;
        OciVerb? running = null;
        try
        {
            var rest = options.Flags.Parse(words, error.WriteLine);
            if (options.LogFormat.Value is not ("text" or "json")) throw new CommandException($"invalid log-format: {options.LogFormat.Value}: use text or json");
            session = new OciSession(options, output, error);
            if (session.Context.Root == "/") throw new CommandException("Option --root argument should not be set to /: use a directory of its own");
            var code = Run(session, program, rest, ref running);
            output.Flush();
            return code;
        }
        catch (Exception e)
        {
            return Tell(session ?? new OciSession(options, output, error), e, running);
        }
        finally
        {
            session?.Dispose();
        }
    }

    private static int Run(OciSession session, string program, List<string> words, ref OciVerb? running)
    {
        if (session.Options.Version.Value)
        {
            session.Out.Write($"{(program == "runc" ? program : "tare")} version {BuildInfo.Version}\ncommit: {BuildInfo.Commit}\nspec: {Spec.NewestVersion}\n");
            return 0;
        }
        if (session.Options.Help.Value || words.Count == 0 || words[0] is "help" or "h")
        {
            session.Out.Write(words.Count > 1 && Create(words[1]) is { } asked ? HelpOf(program, words[1], asked) : Help(program, session.Options));
            return 0;
        }
        var name = words[0];
        var verb = Create(name) ?? throw new CommandException(name is "checkpoint" or "restore"
            ? $"{name} is not supported: this runtime does not use CRIU"
            : $"No help topic for '{name}': the commands are {string.Join(' ', Names)}", name is "checkpoint" or "restore" ? 1 : UnknownVerbCode);
        verb.Flags.Interspersed = !verb.OptionsFirst;
        var arguments = verb.Flags.Parse(words.ToArray().AsSpan(1), session.Error.WriteLine);
        if (verb.Help.Value)
        {
            session.Out.Write(HelpOf(program, name, verb));
            return 0;
        }
        if (arguments.Count < verb.Arguments.Minimum || arguments.Count > verb.Arguments.Maximum)
            throw new CommandException($"{program}: \"{name}\" requires {Describe(verb.Arguments)}, but has {arguments.Count}: {UseOf(program, name, verb)}");
        running = verb;
        return verb.Run(session, arguments);
    }

    /// <param name="session">Where to tell it.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="verb">The verb that was at work; null when its words were not understood.</param>
    private static int Tell(OciSession session, Exception error, OciVerb? verb)
    {
        var message = error switch
        {
            FlagException => $"{error.Message}: --help shows the options",
            CommandException or TareException or LinuxException => error.Message,
            IOException or UnauthorizedAccessException => error.Message,
            _ when session.Options.Debug.Value => error.ToString(),
            _ => $"this runtime has made a mistake ({error.GetType().Name}: {error.Message}); with --debug it says where",
        };
        try
        {
            session.Out.Flush();
        }
        catch (LinuxException e)
        {
            message = $"{message}; and the output could not be written: {e.Message}";
        }
        session.Log.Fail(verb?.FailurePrefix + message.ReplaceLineEndings(" "));
        return error is CommandException { ExitCode: not 1 } command ? command.ExitCode : verb?.FailureCode ?? 1;
    }

    private static OciVerb? Create(string name) => name switch
    {
        "create" => new OciCreate(),
        "delete" => new OciDelete(),
        "events" => new OciEvents(),
        "exec" => new OciExec(),
        "features" => new OciFeatures(),
        "kill" => new OciKill(),
        "list" => new OciList(),
        "pause" => new OciPause(paused: true),
        "ps" => new OciPs(),
        "resume" => new OciPause(paused: false),
        "run" => new OciRun(),
        "spec" => new OciSpec(),
        "start" => new OciStart(),
        "state" => new OciState(),
        "update" => new OciUpdate(),
        _ => null,
    };

    private static string Describe(ArgumentCount count) => (count.Minimum, count.Maximum) switch
    {
        (1, 1) => "exactly 1 argument",
        var (least, most) when least == most => $"exactly {least} arguments",
        (var least, int.MaxValue) => $"a minimum of {least} argument{(least == 1 ? "" : "s")}",
        var (least, most) => $"from {least} to {most} arguments",
    };

    private static string Help(string program, OciOptions options)
    {
        var text = new StringBuilder($"Usage:  {program} [OPTIONS] COMMAND [OPTIONS] [ARG...]\n\nRun containers from OCI bundles\n\nCommands:\n");
        foreach (var name in Names)
        {
            if (Create(name) is { } verb) text.Append("  ").Append(name.PadRight(HelpColumn)).Append(verb.Summary).Append('\n');
        }
        Append(text, options.Flags);
        return text.ToString();
    }

    private static string UseOf(string program, string name, OciVerb verb) => $"{program} {name} [OPTIONS] {verb.Usage}".TrimEnd();

    private static string HelpOf(string program, string name, OciVerb verb)
    {
        var text = new StringBuilder($"Usage:  {UseOf(program, name, verb)}\n\n{verb.Summary}\n");
        Append(text, verb.Flags);
        return text.ToString();
    }

    private static void Append(StringBuilder text, FlagSet flags)
    {
        text.Append("\nOptions:\n");
        var shown = flags.All.Where(static flag => !flag.Hidden).ToList();
        var width = shown.Max(static flag => Left(flag).Length) + 3;
        foreach (var flag in shown)
            text.Append("  ").Append(Left(flag).PadRight(width)).Append(flag.Usage).Append(flag.DefaultText is { } initial ? $" (default {initial})" : "").Append('\n');
    }

    private static string Left(Flag flag) => $"{(flag.Shorthand == 0 ? "    " : $"-{flag.Shorthand}, ")}--{flag.Name}{(flag.Kind.Length > 0 ? " " + flag.Kind : "")}";
}

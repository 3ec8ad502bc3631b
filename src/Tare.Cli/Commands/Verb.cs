using Tare.Cli.Flags;

namespace Tare.Cli.Commands;

/// <summary>One command of the command line: its options, its arguments and what it does. One file each.</summary>
internal abstract class Verb
{
    /// <param name="usage">What stands behind its name in the usage line, such as <c>[OPTIONS] CONTAINER</c>; empty for none.</param>
    /// <param name="summary">What it does, in a line.</param>
    /// <param name="arguments">How many arguments it takes.</param>
    protected Verb(string usage, string summary, ArgumentCount arguments)
    {
        Usage = usage;
        Summary = summary;
        Arguments = arguments;
    }

    public FlagSet Flags { get; } = new();

    public string Usage { get; }

    public string Summary { get; }

    public ArgumentCount Arguments { get; }

    /// <summary>The other ways to write it, without the program's name: <c>container ls, ps</c>; empty for none.</summary>
    public string Aliases { get; init; } = "";

    /// <summary>The words it was called with, the program's name first.</summary>
    public string Path { get; set; } = "";

    /// <summary>As it shows itself in errors and help.</summary>
    public string UseLine => Usage.Length == 0 ? Path : $"{Path} {Usage}";

    /// <summary>Carries it out; returns the exit code.</summary>
    /// <exception cref="CommandException">It failed with a message for the user.</exception>
    public abstract ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments);
}

/// <summary>How many arguments a verb takes. Wrong counts are told in Docker's words.</summary>
internal readonly record struct ArgumentCount(int Minimum, int Maximum)
{
    public static ArgumentCount None => new(0, 0);

    public static ArgumentCount Exactly(int count) => new(count, count);

    public static ArgumentCount AtLeast(int count) => new(count, int.MaxValue);

    public static ArgumentCount AtMost(int count) => new(0, count);

    /// <exception cref="CommandException">The count is wrong.</exception>
    public void Check(Session session, Verb verb, int count)
    {
        if (count >= Minimum && count <= Maximum) return;
        var (wants, see) = (Minimum, Maximum) switch
        {
            (0, 0) => ("accepts no arguments", "Run"),
            var (min, max) when min == max => ($"requires {min} {Arguments(min)}", "Run"),
            (var min, int.MaxValue) => ($"requires at least {min} {Arguments(min)}", "See"),
            (0, var max) => ($"requires at most {max} {Arguments(max)}", "Run"),
            var (min, max) => ($"requires at least {min} and at most {max} {Arguments(max)}", "Run"),
        };
        throw new CommandException($"{session.Program}: '{verb.Path}' {wants}\n\nUsage:  {verb.UseLine}\n\n{see} '{verb.Path} --help' for more information");

        static string Arguments(int count) => count == 1 ? "argument" : "arguments";
    }
}

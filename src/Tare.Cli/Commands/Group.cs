namespace Tare.Cli.Commands;

/// <summary>A command whose first argument is a command: <c>container ls</c>.</summary>
internal sealed class Group(string name, string summary) : Verb("", summary, ArgumentCount.None)
{
    public string Name => name;

    /// <summary>Its commands, for the help.</summary>
    public IReadOnlyList<(string Name, string Summary)> Members => VerbTable.Members(name);

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        if (arguments.Count > 0)
            throw new CommandException($"{session.Program}: unknown command: {Path} {arguments[0]}\n\nUsage:  {Path}\n\nRun '{Path} --help' for more information");
        session.Error.Write(Help.Of(this, session.Program));
        return new(0);
    }
}

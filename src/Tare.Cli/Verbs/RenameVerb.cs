using Tare.Cli.Commands;

namespace Tare.Cli.Verbs;

/// <summary>tare rename: gives a container another name.</summary>
internal sealed class RenameVerb : Verb
{
    public RenameVerb()
        : base("CONTAINER NEW_NAME", "Rename a container", ArgumentCount.Exactly(2))
    {
        Aliases = "container rename, rename";
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var (before, after) = (arguments[0].Trim(), arguments[1].Trim());
        if (before.Length == 0 || after.Length == 0) throw new CommandException("Error: Neither old nor new names may be empty");
        try
        {
            await session.Client.Containers.RenameAsync(before, after);
            return 0;
        }
        catch (Exception e) when (CommandException.IsExpected(e))
        {
            throw new CommandException($"{CommandException.Describe(e)}\nError: failed to rename container named {before}");
        }
    }
}

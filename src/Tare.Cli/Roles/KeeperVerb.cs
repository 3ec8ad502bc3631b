using Tare.Cli.Commands;
using Tare.Errors;
using Tare.Keeper;

namespace Tare.Cli.Roles;

/// <summary>tare keeper: the parent of the containers.</summary>
internal sealed class KeeperVerb : Verb
{
    public KeeperVerb()
        : base("[OPTIONS]", "Run the parent of the containers; the daemon starts it", ArgumentCount.None) =>
        Flags.Text("exec-root", "Directory of the keeper's socket and journal", initial: "/run/tare");

    /// <summary>
    /// Runs the keeper with its words as they are: they are also those that one keeper gives to the next when it is upgraded, and
    /// nothing of the command line's machinery is to be loaded in a process that lives as long as the containers.
    /// </summary>
    public static int Run(ReadOnlySpan<string> words)
    {
        try
        {
            return KeeperRole.Run(KeeperOptions.Parse(words.ToArray()));
        }
        catch (TareException e)
        {
            using var session = new Session("tare");
            session.Error.WriteLine($"tare keeper: {e.Message}");
            session.Error.Flush();
            return 1;
        }
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments) =>
        throw new CommandException("tare keeper: write no option before the word keeper");
}

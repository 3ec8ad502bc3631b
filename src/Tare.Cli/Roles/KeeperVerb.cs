using Tare.Cli.Commands;

namespace Tare.Cli.Roles;

/// <summary>tare keeper: the parent of the containers.</summary>
internal sealed class KeeperVerb : Verb
{
    public KeeperVerb()
        : base("[OPTIONS]", "Run the parent of the containers; the daemon starts it", ArgumentCount.None)
    {
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments) => throw new NotImplementedException();
}

using Tare.Cli.Commands;

namespace Tare.Cli.Roles;

/// <summary>tare daemon: the engine and its API.</summary>
internal sealed class DaemonVerb : Verb
{
    public DaemonVerb()
        : base("[OPTIONS]", "Run the engine", ArgumentCount.None)
    {
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments) => throw new NotImplementedException();
}

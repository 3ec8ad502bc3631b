using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare network disconnect: takes a container out of a network.</summary>
internal sealed class NetworkDisconnectVerb : Verb
{
    private readonly SwitchFlag _force;

    public NetworkDisconnectVerb()
        : base("[OPTIONS] NETWORK CONTAINER", "Disconnect a container from a network", ArgumentCount.Exactly(2))
        => _force = Flags.Switch("force", "Also when the container is in a bad state, or gone", 'f');

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        await session.Client.Networks.DisconnectAsync(arguments[0], new NetworkDisconnectRequest { Container = arguments[1], Force = _force.Value });
        return 0;
    }
}

using Tare.Client;

namespace Tare.Cli.Commands;

/// <summary>Starts a daemon when a verb needs one and there is none.</summary>
internal sealed class OnDemandDaemon(Session session, EngineAddress address)
{
    public ValueTask<bool> StartAsync(CancellationToken ct)
    {
        _ = (session, address, ct);
        return new(false);
    }
}

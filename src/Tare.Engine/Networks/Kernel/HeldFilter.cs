using Tare.Engine.Common;
using Tare.Errors;
using Tare.Keeper;
using Tare.Linux;
using Tare.Networks;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters;

namespace Tare.Engine.Networks.Kernel;

/// <summary>
/// The packet filter, made when it is first needed: a machine without networks of containers has no table of ours. The keeper holds the socket that the
/// table belongs to, so that it stays while there is no engine; whoever else changes it finds it restored.
/// </summary>
internal sealed class HeldFilter(string name, IKeeper keeper, Poller poller, Action<EngineLogLevel, string> log) : IAsyncDisposable
{
    /// <summary>What the keeper calls its socket by.</summary>
    public const string Holding = "filter";

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private BridgeFilter? filter;
    private GatheredWork<BridgeEndpoint>? forgetting;
    private Task watching = Task.CompletedTask;

    /// <summary>The filter, if it was ever needed.</summary>
    public BridgeFilter? Current => filter;

    /// <summary>Takes over the last engine's table, or makes one, with all that there is.</summary>
    /// <param name="socket">The socket that the table belongs to; null: there is none.</param>
    /// <param name="networks">The networks that it knows from now on, and no others.</param>
    /// <param name="endpoints">The endpoints on them.</param>
    public async Task RestoreAsync(Fd? socket, IReadOnlyCollection<Network> networks, IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        var restored = socket is null ? BridgeFilter.Open(name) : BridgeFilter.Adopt(name, socket);
        Begin(restored, networks, endpoints);
        await HoldAsync(restored);
    }

    /// <summary>The filter, made when it is not there.</summary>
    public BridgeFilter Get()
    {
        lock (gate)
        {
            if (filter is not null) return filter;
            var made = BridgeFilter.Open(name);
            Begin(made, [], []);
            HoldAsync(made).GetAwaiter().GetResult();
            return made;
        }
    }

    /// <summary>Makes the kernel forget connections of endpoints that were withdrawn: of many at once in one go.</summary>
    public Task ForgetAsync(IReadOnlyList<BridgeEndpoint> endpoints) => forgetting?.AddAsync(endpoints) ?? Task.CompletedTask;

    /// <summary>Takes the table away, if no endpoint needs it; false when one does, or there is none.</summary>
    public async Task<bool> TryLeaveAsync()
    {
        await StopAsync();
        if (filter is not { HasEndpoints: false }) return false;
        filter.Clear();
        await keeper.ReleaseAsync(Holding, CancellationToken.None);
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        filter?.Dispose();
        stopping.Dispose();
    }

    private async Task StopAsync()
    {
        await stopping.CancelAsync();
        await watching;
    }

    private void Begin(BridgeFilter begun, IReadOnlyCollection<Network> networks, IReadOnlyCollection<BridgeEndpoint> endpoints)
    {
        try
        {
            begun.Restore(networks, endpoints);
        }
        catch
        {
            begun.Dispose();
            throw;
        }

        filter = begun;
        forgetting = new GatheredWork<BridgeEndpoint>(begun.Forget);
        watching = Task.Run(() => WatchAsync(begun, stopping.Token));
    }

    private Task HoldAsync(BridgeFilter held) => keeper.HoldAsync(Holding, [held.Descriptor], CancellationToken.None);

    private async Task WatchAsync(BridgeFilter watched, CancellationToken cancellationToken)
    {
        try
        {
            using var watch = new FilterWatch(watched);
            while (true)
            {
                var culprit = await watch.WaitForDamageAsync(poller, cancellationToken);
                log(EngineLogLevel.Warning, $"the packet filter's table inet {watched.Name} was changed by {culprit ?? "another program"}: it is restored");
                watched.Restore();
            }
        }
        catch (OperationCanceledException)
        {
            // The engine ends.
        }
        catch (TareException e)
        {
            log(EngineLogLevel.Error, $"changes of the packet filter's table inet {watched.Name} are not noticed any more: {e.Message}");
        }
    }
}

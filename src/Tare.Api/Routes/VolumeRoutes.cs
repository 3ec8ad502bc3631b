using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Engine;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>Volumes.</summary>
internal sealed class VolumeRoutes(IVolumeBackend volumes)
{
    internal IEnumerable<Route> All() =>
    [
        new("GET", "/volumes", ListAsync),
        new("POST", "/volumes/create", CreateAsync),
        new("POST", "/volumes/prune", PruneAsync, Since: 25),
        new("GET", "/volumes/{name}", InspectAsync),
        new("PUT", "/volumes/{name}", static _ => throw OnlyInSwarm(), Since: 42),
        new("DELETE", "/volumes/{name}", RemoveAsync),
    ];

    private static TareException OnlyInSwarm() => new(ErrorKind.Unavailable, "volume update only valid for cluster volumes, but swarm is unavailable");

    private async Task ListAsync(ApiContext context)
        => await context.JsonAsync(200, await volumes.ListAsync(Filters.Parse(context.Query["filters"]), context.Peer.Stopping));

    private async Task InspectAsync(ApiContext context)
        => await context.JsonAsync(200, await volumes.InspectAsync(context.Name, context.Peer.Stopping));

    private async Task CreateAsync(ApiContext context)
    {
        JsonBody.CheckType(context);
        var request = await JsonBody.ReadAsync<VolumeCreateRequest>(context, context.Peer.Stopping) ?? new VolumeCreateRequest();
        await context.JsonAsync(201, await volumes.CreateAsync(request, CancellationToken.None));
    }

    private async Task RemoveAsync(ApiContext context)
    {
        await volumes.RemoveAsync(context.Name, context.Query.Flag("force"), CancellationToken.None);
        context.Empty(204);
    }

    /// <summary>Before API 1.42 named volumes were pruned too.</summary>
    private async Task PruneAsync(ApiContext context)
    {
        var filters = Filters.Parse(context.Query["filters"]);
        await context.JsonAsync(200, await volumes.PruneAsync(context.Version.Before(42) ? filters.With("all", "true") : filters, CancellationToken.None));
    }
}

using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Engine;
using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>
/// Containers, but for the streams. What changes something is not cancelled when the client goes: a container that is half stopped
/// helps nobody.
/// </summary>
internal sealed class ContainerRoutes(IContainerBackend containers)
{
    /// <summary>A body that can be nothing but a document; Docker takes shorter ones for empty.</summary>
    private const int ShortestDocument = 7;

    internal IEnumerable<Route> All() =>
    [
        new("GET", "/containers/json", ListAsync),
        new("POST", "/containers/create", CreateAsync),
        new("POST", "/containers/prune", PruneAsync, Since: 25),
        new("GET", "/containers/{name}/json", InspectAsync),
        new("GET", "/containers/{name}/top", TopAsync),
        new("POST", "/containers/{name}/start", StartAsync),
        new("POST", "/containers/{name}/stop", StopAsync),
        new("POST", "/containers/{name}/restart", RestartAsync),
        new("POST", "/containers/{name}/kill", KillAsync),
        new("POST", "/containers/{name}/pause", context => Done(context, containers.PauseAsync(context.Name, CancellationToken.None))),
        new("POST", "/containers/{name}/unpause", context => Done(context, containers.UnpauseAsync(context.Name, CancellationToken.None))),
        new("POST", "/containers/{name}/rename", context => Done(context, containers.RenameAsync(context.Name, context.Query["name"], CancellationToken.None))),
        new("POST", "/containers/{name}/update", UpdateAsync),
        new("POST", "/containers/{name}/resize", ResizeAsync),
        new("DELETE", "/containers/{name}", RemoveAsync),
    ];

    private static async Task Done(ApiContext context, Task change)
    {
        await change;
        context.Empty(204);
    }

    private async Task ListAsync(ApiContext context)
    {
        var list = await containers.ListAsync(
            new ContainerListOptions
            {
                All = context.Query.Flag("all"),
                Limit = context.Query.Integer("limit") ?? 0,
                Size = context.Query.Flag("size"),
                Filters = Filters.Parse(context.Query["filters"]),
            },
            context.Peer.Stopping);
        await context.JsonAsync(200, Compatibility.Of(list, context.Version));
    }

    private async Task CreateAsync(ApiContext context)
    {
        JsonBody.CheckType(context);
        if (context.BodyLength is 0)
            throw TareException.Invalid("invalid JSON: got EOF while reading request body");
        var request = await JsonBody.ReadAsync<ContainerCreateRequest>(context, context.Peer.Stopping);
        if (request is null || CreateCompatibility.HasNoConfig(request))
            throw TareException.Invalid("config cannot be empty in order to create a container");

        var warnings = CreateCompatibility.Apply(request, context.Version);
        var platform = context.Version.Before(41) ? null : context.Query.Text("platform");
        var created = await containers.CreateAsync(context.Query.Text("name"), platform, request, CancellationToken.None);
        await context.JsonAsync(201, created with { Warnings = [.. created.Warnings, .. warnings] });
    }

    private async Task InspectAsync(ApiContext context)
    {
        var container = await containers.InspectAsync(context.Name, context.Query.Flag("size"), context.Peer.Stopping);
        await context.JsonAsync(200, Compatibility.Of(container, context.Version));
    }

    private async Task TopAsync(ApiContext context)
        => await context.JsonAsync(200, await containers.TopAsync(context.Name, context.Query.Text("ps_args"), context.Peer.Stopping));

    private Task StartAsync(ApiContext context)
    {
        if (context.BodyLength is null or > ShortestDocument)
            throw TareException.Invalid("starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24");
        return Done(context, containers.StartAsync(context.Name, CancellationToken.None));
    }

    private Task StopAsync(ApiContext context)
        => Done(context, containers.StopAsync(context.Name, StopSignal(context), context.Query.Integer("t"), CancellationToken.None));

    private Task RestartAsync(ApiContext context)
        => Done(context, containers.RestartAsync(context.Name, StopSignal(context), context.Query.Integer("t"), CancellationToken.None));

    private static string? StopSignal(ApiContext context) => context.Version.Before(42) ? null : context.Query.Text("signal");

    private Task KillAsync(ApiContext context)
        => Done(context, containers.KillAsync(context.Name, context.Query.Text("signal"), CancellationToken.None));

    private async Task UpdateAsync(ApiContext context)
    {
        var request = await JsonBody.ReadAsync<ContainerUpdateRequest>(context, context.Peer.Stopping) ?? new ContainerUpdateRequest();
        CreateCompatibility.Apply(request, context.Version);
        await context.JsonAsync(200, await containers.UpdateAsync(context.Name, request, CancellationToken.None));
    }

    private async Task ResizeAsync(ApiContext context)
    {
        var rows = context.Query.Size("h", "height");
        var columns = context.Query.Size("w", "width");
        await containers.ResizeAsync(context.Name, rows, columns, CancellationToken.None);
    }

    private Task RemoveAsync(ApiContext context)
    {
        var options = new ContainerRemoveOptions
        {
            Force = context.Query.Flag("force"),
            Volumes = context.Query.Flag("v"),
            Link = context.Query.Flag("link"),
        };
        return Done(context, containers.RemoveAsync(context.Name, options, CancellationToken.None));
    }

    private async Task PruneAsync(ApiContext context)
        => await context.JsonAsync(200, await containers.PruneAsync(Filters.Parse(context.Query["filters"]), CancellationToken.None));
}

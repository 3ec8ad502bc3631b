using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Engine;
using Tare.Engine.Images;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>Images.</summary>
internal sealed class ImageRoutes(IImageBackend images, RegistryRoutes registries)
{
    internal IEnumerable<Route> All() =>
    [
        new("GET", "/images/json", ListAsync),
        new("GET", "/images/get", context => SaveAsync(context, context.Query.All("names"))),
        new("POST", "/images/load", LoadAsync),
        new("POST", "/images/create", CreateAsync),
        new("POST", "/images/prune", PruneAsync, Since: 25),
        new("GET", "/images/{name}/json", InspectAsync),
        new("GET", "/images/{name}/history", HistoryAsync),
        new("GET", "/images/{name}/get", context => SaveAsync(context, [context.Name])),
        new("POST", "/images/{name}/tag", TagAsync),
        new("DELETE", "/images/{name}", RemoveAsync),
    ];

    private async Task ListAsync(ApiContext context)
    {
        var filters = Filters.Parse(context.Query["filters"]);
        if (context.Version.Before(25) && filters.IsEmpty && context.Query.Text("filter") is { } reference)
            filters = Filters.Of("reference", reference);
        var options = new ImageListOptions(
            context.Query.Flag("all"),
            SharedSize: !context.Version.Before(42) && context.Query.Flag("shared-size"),
            Manifests: !context.Version.Before(47) && context.Query.Flag("manifests"));
        var list = await images.ListAsync(options, filters, context.Peer.Stopping);
        await context.JsonAsync(200, Compatibility.Of(list, context.Version));
    }

    private async Task InspectAsync(ApiContext context)
    {
        var manifests = !context.Version.Before(48) && context.Query.Flag("manifests");
        var platform = PlatformParameter.Read(context, since: 49);
        if (manifests && platform.Length > 0) throw TareException.Invalid("conflicting options: manifests and platform options cannot both be set");
        await context.JsonAsync(200, Compatibility.Of(await images.InspectAsync(context.Name, platform, manifests, context.Peer.Stopping), context.Version));
    }

    private async Task HistoryAsync(ApiContext context)
        => await context.JsonAsync(200, await images.HistoryAsync(context.Name, PlatformParameter.Read(context, since: 48), context.Peer.Stopping));

    /// <summary>Docker announces success before it has read the archive, and says on the stream what failed.</summary>
    private async Task LoadAsync(ApiContext context)
    {
        var stopping = context.Peer.Stopping;
        var platform = PlatformParameter.Read(context, since: 48);
        await ProgressLines.RunAsync(
            context,
            progress => images.LoadAsync(context.Body, platform, context.Query.Flag("quiet", otherwise: true), progress, stopping),
            stopping,
            announced: true);
    }

    private async Task SaveAsync(ApiContext context, IReadOnlyList<string> names)
    {
        var platform = PlatformParameter.Read(context, since: 48);
        await using var body = new BodyStream(context, MediaType.Tar, context.Peer.Stopping);
        await images.SaveAsync(names, platform, body, context.Peer.Stopping);
        body.Flush();
    }

    private async Task CreateAsync(ApiContext context)
    {
        var query = context.Query;
        if (query.Text("fromImage") is { } image)
        {
            await registries.PullAsync(context, image);
            return;
        }

        var source = query["fromSrc"];
        var message = query.Text("message") ?? "Imported from " + source;
        var platform = context.Version.Before(32) ? string.Empty : query["platform"];
        var stopping = context.Peer.Stopping;
        await ProgressLines.RunAsync(
            context,
            progress => source == "-"
                ? images.ImportAsync(context.Body, query["repo"], query["tag"], query.All("changes"), message, platform, progress, stopping)
                : images.ImportFromAsync(source, query["repo"], query["tag"], query.All("changes"), message, platform, progress, stopping),
            stopping);
    }

    private async Task TagAsync(ApiContext context)
    {
        await images.TagAsync(context.Name, context.Query["repo"], context.Query["tag"], CancellationToken.None);
        context.Empty(201);
    }

    private async Task RemoveAsync(ApiContext context)
    {
        if (string.IsNullOrWhiteSpace(context.Name))
            throw TareException.Invalid("image name cannot be blank");
        IReadOnlyList<string> platforms = context.Version.Before(50) ? [] : [.. context.Query.All("platforms").Select(PlatformParameter.Parse).Where(platform => platform.Length > 0)];
        await context.JsonAsync(200, await images.RemoveAsync(context.Name, platforms, context.Query.Flag("force"), !context.Query.Flag("noprune"), CancellationToken.None));
    }

    private async Task PruneAsync(ApiContext context)
        => await context.JsonAsync(200, await images.PruneAsync(Filters.Parse(context.Query["filters"]), CancellationToken.None));
}

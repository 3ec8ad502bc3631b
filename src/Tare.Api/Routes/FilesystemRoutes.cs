using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Engine.Filesystems;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>The files of containers: commit, export, changes.</summary>
internal sealed class FilesystemRoutes(IFilesystemBackend filesystems)
{
    /// <summary>Docker's type for a tar that is what the whole answer is.</summary>
    private const string OctetStream = "application/octet-stream";

    internal IEnumerable<Route> All() =>
    [
        new("POST", "/commit", CommitAsync),
        new("GET", "/containers/{name}/export", ExportAsync),
        new("GET", "/containers/{name}/changes", ChangesAsync),
    ];

    private async Task CommitAsync(ApiContext context)
    {
        var query = context.Query;
        var config = await JsonBody.ReadAsync<ContainerCreateRequest>(context, context.Peer.Stopping);
        var request = new ContainerCommitRequest
        {
            Repository = query["repo"],
            Tag = query["tag"],
            Author = query["author"],
            Comment = query["comment"],
            Pause = query.Flag("pause", otherwise: true),
            Changes = query.All("changes"),
            Config = config is null || CreateCompatibility.HasNoConfig(config) ? null : config,
        };
        await context.JsonAsync(201, await filesystems.CommitAsync(query["container"], request, context.Peer.Stopping));
    }

    private async Task ExportAsync(ApiContext context)
    {
        // A client that has only half closed its connection still wants what is there.
        await using var body = new BodyStream(context, OctetStream, context.Peer.Stopping);
        await filesystems.ExportAsync(context.Name, body, context.Peer.Stopping);
        body.Flush();
    }

    private async Task ChangesAsync(ApiContext context)
        => await context.JsonAsync(200, await filesystems.ChangesAsync(context.Name, context.Peer.Stopping));
}

using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Api.Streams;
using Tare.Engine.Streams;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>Further processes in containers.</summary>
internal sealed class ExecRoutes(IExecBackend execs, TimeProvider time)
{
    internal IEnumerable<Route> All() =>
    [
        new("POST", "/containers/{name}/exec", CreateAsync),
        new("POST", "/exec/{id}/start", StartAsync),
        new("POST", "/exec/{id}/resize", ResizeAsync),
        new("GET", "/exec/{id}/json", context => context.JsonAsync(200, execs.Inspect(context.Name))),
    ];

    private async Task CreateAsync(ApiContext context)
    {
        var request = await JsonBody.ReadAsync<ExecCreateRequest>(context, context.Peer.Stopping) ?? new ExecCreateRequest();
        if (request.Cmd is not { Count: > 0 })
            throw TareException.Invalid("No exec command specified");
        if (context.Version.Before(42))
            request.ConsoleSize = null;
        await context.JsonAsync(201, await execs.CreateAsync(context.Name, request, CancellationToken.None));
    }

    private async Task StartAsync(ApiContext context)
    {
        var request = await JsonBody.ReadAsync<ExecStartRequest>(context, context.Peer.Stopping) ?? new ExecStartRequest();
        if (context.Version.Before(42) || !request.Tty)
            request.ConsoleSize = null;
        var exec = execs.Inspect(context.Name);
        var session = new StreamSession(context, time);
        var contentType = ContainerStreamRoutes.ContentType(exec.ProcessConfig is not { Tty: true }, context.Version);
        var streams = await execs.StartAsync(context.Name, request, () => session.OpenAsync(contentType), CancellationToken.None);
        if (streams is null)
            context.Empty(200);
        else
            await session.RunAsync(new(streams, contentType, exec.OpenStdin, exec.OpenStdin && streams.Terminal ? Keys(exec) : null));
    }

    /// <summary>The exec was created with the keys' bytes; none are Docker's usual keys.</summary>
    private static DetachKeys Keys(ExecInspectResponse exec) => DetachKeys.OfBytes(exec.DetachKeys);

    private async Task ResizeAsync(ApiContext context)
    {
        var rows = context.Query.Size("h", "height");
        var columns = context.Query.Size("w", "width");
        await execs.ResizeAsync(context.Name, rows, columns, CancellationToken.None);
    }
}

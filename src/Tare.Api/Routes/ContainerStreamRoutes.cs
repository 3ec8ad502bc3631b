using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Api.Streams;
using Tare.Engine.Containers;
using Tare.Engine.Streams;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>What stays open on a container: logs, attach, wait.</summary>
internal sealed class ContainerStreamRoutes(IContainerStreamBackend containers, TimeProvider time)
{
    internal IEnumerable<Route> All() =>
    [
        new("GET", "/containers/{name}/logs", LogsAsync),
        new("POST", "/containers/{name}/attach", AttachAsync),
        new("POST", "/containers/{name}/wait", WaitAsync),
    ];

    /// <summary>How the stream of a process is announced to a client.</summary>
    internal static string ContentType(bool framed, ApiVersion version)
        => framed && !version.Before(42) ? MediaType.MultiplexedStream : MediaType.RawStream;

    private async Task LogsAsync(ApiContext context)
    {
        var query = context.Query;
        var options = new ContainerLogOptions
        {
            Stdout = query.Flag("stdout"),
            Stderr = query.Flag("stderr"),
            Follow = query.Flag("follow"),
            Timestamps = query.Flag("timestamps"),
            Details = query.Flag("details"),
            Tail = query.Text("tail") ?? "all",
            Since = query["since"],
            Until = query["until"],
        };
        if (!options.Stdout && !options.Stderr)
            throw TareException.Invalid("Bad parameters: you must choose at least one stream");

        // A client that has only half closed its connection still wants what is there.
        var end = options.Follow ? context.Peer.Gone : context.Peer.Stopping;
        await using var logs = await containers.LogsAsync(context.Name, options, end);
        var framed = !logs.Terminal;
        var body = await context.StreamAsync(ContentType(framed, context.Version), end);
        try
        {
            await OutputPump.RunAsync(logs, body, framed, ready: null, end);
        }
        catch (TareException e)
        {
            // The head is out: the error goes the way of the output, as Docker's does.
            OutputPump.WriteText(body, 2, $"Error grabbing logs: {e.Message}\n", framed);
            await body.FlushAsync();
        }
    }

    private async Task AttachAsync(ApiContext context)
    {
        var query = context.Query;
        var options = new ContainerAttachOptions
        {
            Stdin = query.Flag("stdin"),
            Stdout = query.Flag("stdout"),
            Stderr = query.Flag("stderr"),
            Logs = query.Flag("logs"),
            Stream = query.Flag("stream"),
        };
        var detachKeys = DetachKeys.Parse(query["detachKeys"]);
        var streams = await containers.AttachAsync(context.Name, options, context.Peer.Stopping);
        var useInput = options.Stdin && options.Stream;
        await new StreamSession(context, time).RunAsync(new(
            streams,
            ContentType(!streams.Terminal, context.Version),
            useInput,
            useInput && streams.Terminal ? detachKeys : null));
    }

    private async Task WaitAsync(ApiContext context)
    {
        // Before 1.30 there were no conditions, and the head came with the answer.
        var headFirst = !context.Version.Before(30);
        var condition = headFirst ? Condition(context.Query["condition"]) : WaitCondition.NotRunning;
        var gone = context.Peer.Gone;
        var wait = containers.Wait(context.Name, condition, gone);
        if (!headFirst)
        {
            await context.JsonAsync(200, await wait);
            return;
        }

        // A wait that is already over may fail, and can still say so with a status.
        if (wait.IsFaulted)
            await wait;
        using var answer = new JsonLines(context, MediaType.Json, "\n");
        await answer.StartAsync(gone);
        await answer.WriteAsync(await EndOf(wait), gone);
    }

    private static async Task<ContainerWaitResponse> EndOf(Task<ContainerWaitResponse> wait)
    {
        try
        {
            return await wait;
        }
        catch (TareException e)
        {
            return new ContainerWaitResponse { StatusCode = -1, Error = new ContainerWaitExitError { Message = e.Message } };
        }
    }

    private static WaitCondition Condition(string text) => text switch
    {
        "" or "not-running" => WaitCondition.NotRunning,
        "next-exit" => WaitCondition.NextExit,
        "removed" => WaitCondition.Removed,
        _ => throw TareException.Invalid($"invalid condition: {Query.Quote(text)}"),
    };
}

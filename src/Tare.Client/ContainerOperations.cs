using System.Runtime.CompilerServices;
using Tare.Client.Http;
using Tare.Client.Json;
using Tare.Errors;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client;

/// <summary>The operations on containers. A container is named by its name, its id, or a unique beginning of its id.</summary>
public sealed class ContainerOperations
{
    private readonly Engine _engine;

    internal ContainerOperations(Engine engine) => _engine = engine;

    /// <summary>Lists containers, the youngest first.</summary>
    public async ValueTask<IReadOnlyList<ContainerSummary>> ListAsync(ContainerListOptions? options = null, CancellationToken cancellationToken = default)
        => WireJson.Read<IReadOnlyList<ContainerSummary>>((await ListJsonAsync(options, cancellationToken).ConfigureAwait(false)).Span) ?? [];

    /// <summary>The list as the engine wrote it.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ListJsonAsync(ContainerListOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new ContainerListOptions();
        var request = new Request("GET", "/containers/json");
        request.Query.Add("all", options.All).Add("limit", options.Limit).Add("size", options.Size).AddText("filters", options.Filters?.ToString());
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>Creates a container.</summary>
    /// <param name="request">What it is to be.</param>
    /// <param name="name">Its name; null lets the engine choose one.</param>
    /// <param name="platform">Such as <c>linux/arm64</c>; null for the engine's own.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async ValueTask<ContainerCreateResponse> CreateAsync(ContainerCreateRequest request, string? name = null, string? platform = null, CancellationToken cancellationToken = default)
    {
        if (request is { MacAddress.Length: > 0 })
        {
            // From 1.44 on the address stands in the endpoint, and the engine warns of the old member.
            await _engine.SettleVersionAsync(cancellationToken).ConfigureAwait(false);
            if (Engine.CompareVersions(_engine.Version, "1.44") >= 0) request = request with { MacAddress = null };
        }

        var post = Post("/containers/create", CreateRequestWriter.Write(request));
        post.Query.AddText("name", name).AddText("platform", platform);
        return SmallReplies.Created(await _engine.SendAndReadAsync(post, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Everything about a container.</summary>
    public async ValueTask<ContainerInspectResponse> InspectAsync(string container, bool size = false, CancellationToken cancellationToken = default)
        => WireJson.Read<ContainerInspectResponse>((await InspectJsonAsync(container, size, cancellationToken).ConfigureAwait(false)).Span)!;

    /// <summary>Everything about a container, as the engine wrote it.</summary>
    public ValueTask<ReadOnlyMemory<byte>> InspectJsonAsync(string container, bool size = false, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", Path(container, "/json"));
        request.Query.Add("size", size);
        return _engine.SendAndReadAsync(request, cancellationToken);
    }

    /// <summary>Starts a container; nothing happens when it runs.</summary>
    public ValueTask StartAsync(string container, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(new Request("POST", Path(container, "/start")), cancellationToken);

    /// <summary>
    /// Attaches to a container, waits for its end, and starts it, in the order that loses no output and no exit code. The
    /// attaching and the waiting are under way together.
    /// </summary>
    public async ValueTask<StartedContainer> StartAttachedAsync(string container, AttachOptions options, WaitCondition condition = WaitCondition.NextExit, CancellationToken cancellationToken = default)
    {
        var wait = await _engine.BeginAsync(WaitRequest(container, condition), cancellationToken).ConfigureAwait(false);
        ProcessStream? streams = null;
        PendingExit? exit = null;
        try
        {
            streams = await AttachAsync(container, options, cancellationToken).ConfigureAwait(false);
            exit = new PendingExit(await _engine.CompleteAsync(wait, cancellationToken).ConfigureAwait(false));
            await StartAsync(container, cancellationToken).ConfigureAwait(false);
            return new StartedContainer(streams, exit);
        }
        catch (EngineException) when (exit is not null && condition == WaitCondition.Removed)
        {
            // A container that removes itself does so when it could not be started, and a name may be used again afterwards.
            streams?.Dispose();
            await exit.ExitAsync(cancellationToken).ConfigureAwait(false);
            exit.Dispose();
            throw;
        }
        catch
        {
            streams?.Dispose();
            exit?.Dispose();
            wait.Dispose();
            throw;
        }
    }

    /// <summary>Stops a container: its signal, and after a while SIGKILL. Nothing happens when it does not run.</summary>
    public ValueTask StopAsync(string container, StopOptions? options = null, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(Stopping(container, "/stop", options), cancellationToken);

    /// <summary>Stops a container, when it runs, and starts it.</summary>
    public ValueTask RestartAsync(string container, StopOptions? options = null, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(Stopping(container, "/restart", options), cancellationToken);

    /// <summary>Sends a signal, given by name or number; null is SIGKILL.</summary>
    public ValueTask KillAsync(string container, string? signal = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", Path(container, "/kill"));
        request.Query.AddText("signal", signal);
        return _engine.SendAndForgetAsync(request, cancellationToken);
    }

    /// <summary>Freezes all processes of a container.</summary>
    public ValueTask PauseAsync(string container, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(new Request("POST", Path(container, "/pause")), cancellationToken);

    /// <summary>Lets a frozen container go on.</summary>
    public ValueTask UnpauseAsync(string container, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(new Request("POST", Path(container, "/unpause")), cancellationToken);

    /// <summary>Gives a container another name.</summary>
    public ValueTask RenameAsync(string container, string name, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", Path(container, "/rename"));
        request.Query.Add("name", name);
        return _engine.SendAndForgetAsync(request, cancellationToken);
    }

    /// <summary>Removes a container.</summary>
    public ValueTask RemoveAsync(string container, RemoveOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("DELETE", Path(container, ""));
        request.Query.Add("v", options?.Volumes ?? false).Add("link", options?.Link ?? false).Add("force", options?.Force ?? false);
        return _engine.SendAndForgetAsync(request, cancellationToken);
    }

    /// <summary>Removes all containers that do not run.</summary>
    public async ValueTask<ContainerPruneResponse> PruneAsync(Filters? filters = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", "/containers/prune");
        request.Query.AddText("filters", filters?.ToString());
        return WireJson.Read<ContainerPruneResponse>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!;
    }

    /// <summary>Waits for the end of a container. See <see cref="BeginWaitAsync"/> for one that is about to be started.</summary>
    public async ValueTask<ContainerWaitResponse> WaitAsync(string container, WaitCondition condition = WaitCondition.NotRunning, CancellationToken cancellationToken = default)
    {
        using var pending = await BeginWaitAsync(container, condition, cancellationToken).ConfigureAwait(false);
        return await pending.ExitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins to wait: when this returns, the engine will not miss an end that comes later.</summary>
    public async ValueTask<PendingExit> BeginWaitAsync(string container, WaitCondition condition = WaitCondition.NotRunning, CancellationToken cancellationToken = default)
        => new(await _engine.SendAsync(WaitRequest(container, condition), cancellationToken).ConfigureAwait(false));

    /// <summary>The processes of a container.</summary>
    /// <param name="container">The container.</param>
    /// <param name="arguments">Arguments of ps(1), such as <c>-ef</c>; null for the engine's default.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async ValueTask<ContainerTopResponse> TopAsync(string container, string? arguments = null, CancellationToken cancellationToken = default)
    {
        var request = new Request("GET", Path(container, "/top"));
        request.Query.AddText("ps_args", arguments);
        return WireJson.Read<ContainerTopResponse>((await _engine.SendAndReadAsync(request, cancellationToken).ConfigureAwait(false)).Span)!;
    }

    /// <summary>Attaches to the streams of a container's first process.</summary>
    public async ValueTask<ProcessStream> AttachAsync(string container, AttachOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new AttachOptions();
        var request = new Request("POST", Path(container, "/attach")) { Hijack = true, ContentType = "text/plain" };
        request.Query.AddText("detachKeys", options.DetachKeys).Add("logs", options.Logs).Add("stream", options.Stream)
            .Add("stdin", options.Stdin).Add("stdout", options.Stdout).Add("stderr", options.Stderr);
        return Streams(await _engine.SendAsync(request, cancellationToken).ConfigureAwait(false), options.Tty);
    }

    /// <summary>Reads a log. The bytes of a chunk are overwritten by the next one.</summary>
    public async IAsyncEnumerable<OutputChunk> LogsAsync(string container, LogOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options ??= new LogOptions();
        var request = new Request("GET", Path(container, "/logs"));
        request.Query.Add("details", options.Details).Add("follow", options.Follow).Add("stdout", options.Stdout).Add("stderr", options.Stderr)
            .AddText("since", options.Since).AddText("until", options.Until).Add("timestamps", options.Timestamps).AddText("tail", options.Tail);
        using var reply = await _engine.SendAsync(request, cancellationToken).ConfigureAwait(false);
        var reader = new OutputReader(reply.Body.ReadAsync, !(options.Tty ?? reply.Head.ContentType == MediaType.RawStream));
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false) is { } chunk) yield return chunk;
    }

    /// <summary>Sets the size of a container's terminal, in characters.</summary>
    public ValueTask ResizeAsync(string container, int rows, int columns, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", Path(container, "/resize"));
        request.Query.Add("h", rows).Add("w", columns);
        return _engine.SendAndForgetAsync(request, cancellationToken);
    }

    internal static ProcessStream Streams(Reply reply, bool? tty)
    {
        if (reply.Hijacked is { } connection) return new ProcessStream(connection, !(tty ?? reply.Head.ContentType == MediaType.RawStream));
        reply.Dispose();
        throw new ProtocolException("the engine did not hand over the connection");
    }

    internal static Request Post(string path, ReadOnlyMemory<byte> json, bool hijack = false)
        => new("POST", path) { Body = json, ContentType = MediaType.Json, Hijack = hijack };

    /// <summary>The path of an operation. A name may be written with its slash, as the API shows it.</summary>
    internal static string Path(string container, string operation)
    {
        var name = container.TrimStart('/');
        return name.Trim().Length > 0 ? "/containers/" + QueryString.Encode(name, path: true) + operation
            : throw TareException.Invalid("invalid container name or ID: value is empty");
    }

    private static Request Stopping(string container, string operation, StopOptions? options)
    {
        var request = new Request("POST", Path(container, operation));
        request.Query.Add("t", options?.Timeout).AddText("signal", options?.Signal);
        return request;
    }

    private static Request WaitRequest(string container, WaitCondition condition)
    {
        var request = new Request("POST", Path(container, "/wait"));
        request.Query.AddText("condition", condition switch
        {
            WaitCondition.NextExit => "next-exit",
            WaitCondition.Removed => "removed",
            _ => null,
        });
        return request;
    }
}

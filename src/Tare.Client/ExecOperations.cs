using Tare.Client.Http;
using Tare.Client.Json;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Client;

/// <summary>The operations on further processes in running containers.</summary>
public sealed class ExecOperations
{
    private readonly Engine _engine;

    internal ExecOperations(Engine engine) => _engine = engine;

    /// <summary>Prepares a process in a container; returns its id.</summary>
    public async ValueTask<string> CreateAsync(string container, ExecCreateRequest request, CancellationToken cancellationToken = default)
    {
        var post = ContainerOperations.Post(ContainerOperations.Path(container, "/exec"), CreateRequestWriter.Write(request));
        return SmallReplies.Id(await _engine.SendAndReadAsync(post, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Starts it with its streams attached.</summary>
    /// <param name="id">The exec's id.</param>
    /// <param name="tty">Whether it was created with a terminal.</param>
    /// <param name="consoleSize">Rows and columns of its terminal at the start.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async ValueTask<ProcessStream> StartAsync(string id, bool tty = false, (int Rows, int Columns)? consoleSize = null, CancellationToken cancellationToken = default)
    {
        var request = new ExecStartRequest { Tty = tty, ConsoleSize = consoleSize is { } size ? [size.Rows, size.Columns] : null };
        var post = ContainerOperations.Post(Path(id, "/start"), CreateRequestWriter.Write(request), hijack: true);
        return ContainerOperations.Streams(await _engine.SendAsync(post, cancellationToken).ConfigureAwait(false), tty);
    }

    /// <summary>Starts it without streams.</summary>
    public ValueTask StartDetachedAsync(string id, bool tty = false, CancellationToken cancellationToken = default)
        => _engine.SendAndForgetAsync(ContainerOperations.Post(Path(id, "/start"), CreateRequestWriter.Write(new ExecStartRequest { Detach = true, Tty = tty })), cancellationToken);

    /// <summary>Everything about an exec.</summary>
    public async ValueTask<ExecInspectResponse> InspectAsync(string id, CancellationToken cancellationToken = default)
        => WireJson.Read<ExecInspectResponse>((await InspectJsonAsync(id, cancellationToken).ConfigureAwait(false)).Span)!;

    /// <summary>Its exit code; null while it runs.</summary>
    public async ValueTask<int?> ExitCodeAsync(string id, CancellationToken cancellationToken = default)
        => SmallReplies.Exec(await InspectJsonAsync(id, cancellationToken).ConfigureAwait(false)) is { Running: false } state ? state.ExitCode : null;

    /// <summary>Sets the size of its terminal, in characters.</summary>
    public ValueTask ResizeAsync(string id, int rows, int columns, CancellationToken cancellationToken = default)
    {
        var request = new Request("POST", Path(id, "/resize"));
        request.Query.Add("h", rows).Add("w", columns);
        return _engine.SendAndForgetAsync(request, cancellationToken);
    }

    private static string Path(string id, string operation) => "/exec/" + QueryString.Encode(id, path: true) + operation;

    private ValueTask<ReadOnlyMemory<byte>> InspectJsonAsync(string id, CancellationToken ct) => _engine.SendAndReadAsync(new Request("GET", Path(id, "/json")), ct);
}

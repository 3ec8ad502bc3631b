using Tare.Client.Http;
using Tare.Client.Json;
using Tare.Wire;

namespace Tare.Client;

/// <summary>A container that was started with its streams attached.</summary>
public sealed class StartedContainer : IDisposable
{
    internal StartedContainer(ProcessStream streams, PendingExit exit)
    {
        Streams = streams;
        Exit = exit;
    }

    /// <summary>Its streams.</summary>
    public ProcessStream Streams { get; }

    /// <summary>Its end.</summary>
    public PendingExit Exit { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Streams.Dispose();
        Exit.Dispose();
    }
}

/// <summary>The end of a container, which the engine will tell.</summary>
public sealed class PendingExit : IDisposable
{
    private readonly Reply _reply;

    internal PendingExit(Reply reply) => _reply = reply;

    /// <summary>Waits for it. It can be called once.</summary>
    public async ValueTask<ContainerWaitResponse> ExitAsync(CancellationToken cancellationToken = default)
        => SmallReplies.Exited(await _reply.ReadAllAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>Gives up waiting.</summary>
    public void Dispose() => _reply.Dispose();
}

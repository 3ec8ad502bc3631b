using Tare.Engine.Containers;
using Tare.Engine.Events;
using Tare.Engine.Execs;
using Tare.Engine.Host;
using Tare.Engine.Images;

namespace Tare.Engine;

/// <summary>
/// The engine, put together: what the API serves. Opening it loads what was, asks the keeper what has become of it, and adopts what runs.
/// Disposing it leaves every container running.
/// </summary>
public sealed class TareEngine : IAsyncDisposable
{
    private TareEngine()
    {
    }

    /// <summary>Containers.</summary>
    public ContainerService Containers { get; } = new();

    /// <summary>Further processes in containers.</summary>
    public ExecService Execs { get; } = new();

    /// <summary>Images.</summary>
    public ImageService Images { get; } = new();

    /// <summary>Events.</summary>
    public EventService Events { get; } = new();

    /// <summary>Version and information.</summary>
    public SystemService System { get; } = new();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

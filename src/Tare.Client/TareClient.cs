using Tare.Client.Http;
using Tare.Wire;

namespace Tare.Client;

/// <summary>
/// A client of the Docker Engine API, as Tare and Docker serve it. It keeps its connections for later calls; several threads may use
/// it. Errors are <see cref="EngineException"/> when the engine refused, and <see cref="EngineUnreachableException"/> when there was
/// no engine, or no answer.
/// </summary>
public sealed class TareClient : IDisposable
{
    private readonly Engine _engine;

    /// <summary>Creates a client; nothing is connected before the first call.</summary>
    public TareClient(TareClientOptions? options = null)
    {
        _engine = new Engine(options ?? new TareClientOptions());
        Containers = new ContainerOperations(_engine);
        Execs = new ExecOperations(_engine);
        Filesystems = new FilesystemOperations(_engine);
        Images = new ImageOperations(_engine);
        Networks = new NetworkOperations(_engine);
        System = new SystemOperations(_engine);
        Volumes = new VolumeOperations(_engine);
    }

    /// <summary>The newest API version that this client knows.</summary>
    public static string MaximumApiVersion => ApiVersions.Maximum;

    /// <summary>Where the engine is.</summary>
    public EngineAddress Address => _engine.Address;

    /// <summary>The API version in use; the engine's own may be found older by the first answer.</summary>
    public string ApiVersion => _engine.Version;

    /// <summary>Containers and their streams.</summary>
    public ContainerOperations Containers { get; }

    /// <summary>Further processes in running containers.</summary>
    public ExecOperations Execs { get; }

    /// <summary>The files of containers.</summary>
    public FilesystemOperations Filesystems { get; }

    /// <summary>Images.</summary>
    public ImageOperations Images { get; }

    /// <summary>Networks.</summary>
    public NetworkOperations Networks { get; }

    /// <summary>The engine itself.</summary>
    public SystemOperations System { get; }

    /// <summary>Volumes.</summary>
    public VolumeOperations Volumes { get; }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();
}

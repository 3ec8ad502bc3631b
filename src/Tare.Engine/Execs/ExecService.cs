using Tare.Engine.Streams;
using Tare.Wire;

namespace Tare.Engine.Execs;

/// <summary>Further processes in running containers, for the API.</summary>
public sealed class ExecService
{
    /// <summary>Prepares an exec and gives its id.</summary>
    public Task<IDResponse> CreateAsync(string container, ExecCreateRequest request, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>
    /// Starts an exec. The streams that it was created with are given back; with Detach null, and its output goes nowhere.
    /// The task ends when the program is executed.
    /// </summary>
    public Task<IProcessStreams?> StartAsync(string id, ExecStartRequest request, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>What an exec is, and how it ended.</summary>
    public ExecInspectResponse Inspect(string id) => throw new NotImplementedException();

    /// <summary>Changes the size of an exec's terminal.</summary>
    public Task ResizeAsync(string id, int rows, int columns, CancellationToken cancellationToken) => throw new NotImplementedException();
}

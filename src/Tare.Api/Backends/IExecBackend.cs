using Tare.Engine.Execs;
using Tare.Engine.Streams;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>What the exec routes need. The contracts are <see cref="ExecService"/>'s.</summary>
internal interface IExecBackend
{
    Task<IDResponse> CreateAsync(string container, ExecCreateRequest request, CancellationToken cancellationToken);

    Task<IProcessStreams?> StartAsync(string id, ExecStartRequest request, Func<Task> announce, CancellationToken cancellationToken);

    ExecInspectResponse Inspect(string id);

    Task ResizeAsync(string id, int rows, int columns, CancellationToken cancellationToken);
}

using Tare.Engine.Filesystems;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>What the routes about containers' files need. The contracts are <see cref="FilesystemService"/>'s.</summary>
internal interface IFilesystemBackend
{
    Task<IDResponse> CommitAsync(string container, ContainerCommitRequest request, CancellationToken cancellationToken);

    Task ExportAsync(string container, Stream target, CancellationToken cancellationToken);

    Task<IReadOnlyList<FilesystemChange>> ChangesAsync(string container, CancellationToken cancellationToken);
}

using Tare.Engine;
using Tare.Engine.Volumes;
using Tare.Wire;

namespace Tare.Api.Backends;

/// <summary>What the routes about volumes need. The contracts are <see cref="VolumeService"/>'s.</summary>
internal interface IVolumeBackend
{
    Task<Volume> CreateAsync(VolumeCreateRequest request, CancellationToken cancellationToken);

    Task<VolumeListResponse> ListAsync(Filters filters, CancellationToken cancellationToken);

    Task<Volume> InspectAsync(string name, CancellationToken cancellationToken);

    Task RemoveAsync(string name, bool force, CancellationToken cancellationToken);

    Task<VolumePruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken);
}

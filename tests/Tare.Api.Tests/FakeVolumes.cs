using Tare.Api.Backends;
using Tare.Engine;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Tests;

/// <summary>Volumes without an engine: remembers what it was asked for.</summary>
internal sealed class FakeVolumes(FakeBackends calls) : IVolumeBackend
{
    public Task<Volume> CreateAsync(VolumeCreateRequest request, CancellationToken cancellationToken)
    {
        calls.Calls.Add($"create volume {request.Name} of {request.Driver} with {request.Labels?.Count} labels");
        return Task.FromResult(new Volume { Name = request.Name ?? "", Driver = "local", Scope = "local" });
    }

    public Task<VolumeListResponse> ListAsync(Filters filters, CancellationToken cancellationToken)
    {
        calls.Calls.Add($"list volumes {string.Join(',', filters.Get("name"))}");
        return Task.FromResult(new VolumeListResponse());
    }

    public Task<Volume> InspectAsync(string name, CancellationToken cancellationToken) => throw TareException.NotFound($"get {name}: no such volume");

    public Task RemoveAsync(string name, bool force, CancellationToken cancellationToken)
    {
        calls.Calls.Add($"remove volume {name} force={force}");
        return Task.CompletedTask;
    }

    public Task<VolumePruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken)
    {
        calls.Calls.Add($"prune volumes all={string.Join(',', filters.Get("all"))} label={string.Join(',', filters.Get("label"))}");
        return Task.FromResult(new VolumePruneResponse { VolumesDeleted = ["v"], SpaceReclaimed = 5 });
    }
}

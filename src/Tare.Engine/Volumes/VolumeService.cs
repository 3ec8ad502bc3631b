using Tare.Engine.Common;
using Tare.Errors;
using Tare.Volumes;
using Tare.Wire;
using Volume = Tare.Volumes.Volume;

namespace Tare.Engine.Volumes;

/// <summary>Volumes, for the API.</summary>
public sealed class VolumeService
{
    private readonly VolumeStore store;
    private readonly ContainerVolumes volumes;
    private readonly VolumeEvents events;
    private int pruning;

    internal VolumeService(VolumeStore store, ContainerVolumes volumes, VolumeEvents events)
    {
        this.store = store;
        this.volumes = volumes;
        this.events = events;
    }

    /// <summary>Makes a volume; one of the same name that is there already is the answer as well.</summary>
    /// <exception cref="TareException">InvalidArgument: the name or an option is wrong; NotFound: there is no such driver; Unavailable: it is a swarm's.</exception>
    public Task<Wire.Volume> CreateAsync(VolumeCreateRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (request.ClusterVolumeSpec is not null)
        {
            throw new TareException(
                ErrorKind.Unavailable,
                "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.");
        }
        var name = request.Name ?? "";
        if (!IsLocal(request.Driver ?? "")) throw TareException.NotFound(NoPlugin(name, request.Driver!));
        var (volume, created) = store.Claim(new VolumeRequest { Name = name, Labels = request.Labels, Options = request.DriverOpts });
        if (created) events.Created(volume.Name);
        return Task.FromResult(ToWire(volume));
    }

    /// <summary>The volumes that filters leave: <c>dangling</c>, <c>driver</c>, <c>label</c>, <c>name</c>.</summary>
    public Task<VolumeListResponse> ListAsync(Filters filters, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        filters.Validate("dangling", "driver", "label", "name");
        var dangling = filters.Contains("dangling") ? filters.GetBoolean("dangling", otherwise: false) : (bool?)null;
        var found = store.List().Where(volume =>
            (dangling is null || dangling == (store.UsersOf(volume.Name).Count == 0))
            && filters.ExactMatch("driver", Volume.Driver)
            && filters.Match("name", volume.Name)
            && filters.MatchPairs("label", volume.Labels));
        return Task.FromResult(new VolumeListResponse { Volumes = [.. found.Select(volume => ToWire(volume))] });
    }

    /// <summary>Everything about a volume.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>.</exception>
    public Task<Wire.Volume> InspectAsync(string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(ToWire(store.Get(name)));
    }

    /// <summary>Removes a volume that no container has.</summary>
    /// <exception cref="TareException">NotFound, unless <paramref name="force"/>; Conflict: a container has it.</exception>
    public Task RemoveAsync(string name, bool force, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            volumes.RemoveLater(store.Remove(name));
            events.Destroyed(name);
        }
        catch (TareException e) when (force && e.Kind == ErrorKind.NotFound)
        {
            // It is as the caller wants it.
        }
        return Task.CompletedTask;
    }

    /// <summary>Removes the volumes that no container has and that the filters leave: <c>label</c>, <c>label!</c>; without <c>all</c> only anonymous ones.</summary>
    public Task<VolumePruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken)
    {
        filters.Validate("all", "label", "label!");
        var all = filters.GetBoolean("all", otherwise: false);
        if (Interlocked.Exchange(ref pruning, 1) != 0) throw TareException.Conflict("a prune operation is already running");
        return Task.Run(
            () =>
            {
                try
                {
                    return Prune(filters, all, cancellationToken);
                }
                finally
                {
                    Volatile.Write(ref pruning, 0);
                }
            },
            CancellationToken.None);
    }

    /// <summary>All volumes with their sizes, which are measured file by file.</summary>
    public Task<IReadOnlyList<Wire.Volume>> MeasureAsync(CancellationToken cancellationToken) => Task.Run<IReadOnlyList<Wire.Volume>>(
        () =>
        [
            .. store.List().Select(volume =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                return ToWire(volume) with { UsageData = new VolumeUsageData { RefCount = store.UsersOf(volume.Name).Count, Size = DirectorySize.Of(volume.Path) } };
            }),
        ],
        cancellationToken);

    /// <summary>Whether a driver is the one that there is.</summary>
    internal static bool IsLocal(string driver) => driver is "" or Volume.Driver;

    /// <summary>Docker's words for a plugin that is not there.</summary>
    internal static string NoPlugin(string volume, string driver) => $"create {volume}: error looking up volume plugin {driver}: plugin \"{driver}\" not found";

    private VolumePruneResponse Prune(Filters filters, bool all, CancellationToken cancellationToken)
    {
        var deleted = new List<string>();
        ulong reclaimed = 0;
        foreach (var volume in store.List())
        {
            if (cancellationToken.IsCancellationRequested) break;
            if (!all && !volume.IsAnonymous) continue;
            if (!filters.MatchLabels(volume.Labels)) continue;
            if (store.UsersOf(volume.Name).Count > 0) continue;
            var size = DirectorySize.Of(volume.Path);
            try
            {
                volumes.RemoveLater(store.Remove(volume.Name));
            }
            catch (TareException e) when (e.Kind is ErrorKind.Conflict or ErrorKind.NotFound)
            {
                // A container has taken it meanwhile, or somebody was faster.
                continue;
            }
            events.Destroyed(volume.Name);
            reclaimed += (ulong)size;
            deleted.Add(volume.Name);
        }
        events.Pruned(reclaimed);
        return new VolumePruneResponse { VolumesDeleted = deleted.Count > 0 ? deleted : null, SpaceReclaimed = reclaimed };
    }

    private static Wire.Volume ToWire(Volume volume) => new()
    {
        Name = volume.Name,
        CreatedAt = volume.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        Driver = Volume.Driver,
        Labels = volume.Labels,
        Mountpoint = volume.Path,
        Options = volume.Options,
        Scope = "local",
    };
}

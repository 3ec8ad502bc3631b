using Tare.Engine.Containers;
using Tare.Engine.Images;
using Tare.Engine.Volumes;
using Tare.Images;
using Tare.Wire;

namespace Tare.Engine.Host;

/// <summary>What images, containers and volumes take on the disk, for the API.</summary>
public sealed class DiskUsageService
{
    private readonly ImageStore store;
    private readonly ImageService images;
    private readonly ContainerService containers;
    private readonly VolumeService volumes;

    internal DiskUsageService(ImageStore store, ImageService images, ContainerService containers, VolumeService volumes)
    {
        this.store = store;
        this.images = images;
        this.containers = containers;
        this.volumes = volumes;
    }

    /// <summary>Measures, by walking files. A list that is not asked for is null.</summary>
    public async Task<DiskUsage> MeasureAsync(DiskUsageKinds kinds, CancellationToken cancellationToken)
    {
        var layers = kinds.HasFlag(DiskUsageKinds.Images) ? store.MeasureAsync(cancellationToken) : Task.FromResult(0L);
        var listed = kinds.HasFlag(DiskUsageKinds.Containers)
            ? await containers.ListAsync(new ContainerListOptions { All = true, Size = true }, cancellationToken)
            : null;
        return new DiskUsage
        {
            LayersSize = await layers,
            Images = kinds.HasFlag(DiskUsageKinds.Images) ? await ImagesAsync(cancellationToken) : null,
            Containers = listed,
            Volumes = kinds.HasFlag(DiskUsageKinds.Volumes) ? await volumes.MeasureAsync(cancellationToken) : null,
            // There are no builds yet.
            BuildCache = kinds.HasFlag(DiskUsageKinds.BuildCache) ? [] : null,
        };
    }

    private async Task<IReadOnlyList<ImageSummary>> ImagesAsync(CancellationToken cancellationToken)
    {
        return await images.ListAsync(new ImageListOptions(SharedSize: true), Filters.None, cancellationToken);
    }
}

/// <summary>What is to be measured.</summary>
[Flags]
public enum DiskUsageKinds
{
    /// <summary>Images and their layers.</summary>
    Images = 1,

    /// <summary>Containers' own files.</summary>
    Containers = 2,

    /// <summary>Volumes.</summary>
    Volumes = 4,

    /// <summary>Steps of builds.</summary>
    BuildCache = 8,

    /// <summary>All of it.</summary>
    All = Images | Containers | Volumes | BuildCache,
}

using Tare.Engine.Containers;
using Tare.Engine.Images;
using Tare.Images;
using Tare.Wire;

namespace Tare.Engine.Host;

/// <summary>What images and containers take on the disk, for the API.</summary>
public sealed class DiskUsageService
{
    private readonly ImageStore store;
    private readonly ImageService images;
    private readonly ContainerService containers;

    internal DiskUsageService(ImageStore store, ImageService images, ContainerService containers)
    {
        this.store = store;
        this.images = images;
        this.containers = containers;
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
            // There are neither named volumes nor builds yet.
            Volumes = kinds.HasFlag(DiskUsageKinds.Volumes) ? [] : null,
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

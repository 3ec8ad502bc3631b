using System.Text.Json.Serialization;

namespace Tare.Wire;

/// <summary>What <c>/system/df</c> answers up to API 1.51. A list that was not asked for is null.</summary>
public sealed record DiskUsage
{
    /// <summary>Bytes of all layers together.</summary>
    public long LayersSize { get; set; }

    public IReadOnlyList<ImageSummary>? Images { get; set; }

    public IReadOnlyList<ContainerSummary>? Containers { get; set; }

    public IReadOnlyList<Volume>? Volumes { get; set; }

    public IReadOnlyList<BuildCacheRecord>? BuildCache { get; set; }
}

/// <summary>Swagger: BuildCache.</summary>
public sealed record BuildCacheRecord
{
    public string ID { get; set; } = "";

    public string Type { get; set; } = "";

    public string Description { get; set; } = "";

    public bool InUse { get; set; }

    public bool Shared { get; set; }

    /// <summary>Bytes.</summary>
    public long Size { get; set; }

    /// <summary>RFC3339Nano.</summary>
    public string CreatedAt { get; set; } = "";

    public long UsageCount { get; set; }
}

/// <summary>Swagger: SystemDataUsageResponse, what <c>/system/df</c> answers from API 1.52 on.</summary>
public sealed record DiskUsageSummary
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ObjectsDiskUsage<ImageSummary>? ImageUsage { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ObjectsDiskUsage<ContainerSummary>? ContainerUsage { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ObjectsDiskUsage<Volume>? VolumeUsage { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ObjectsDiskUsage<BuildCacheRecord>? BuildCacheUsage { get; set; }

    /// <summary>The sums over lists, as Docker's client makes them when it gets the lists alone.</summary>
    /// <param name="usage">The lists.</param>
    /// <param name="verbose">Whether the lists stay.</param>
    public static DiskUsageSummary Of(DiskUsage usage, bool verbose) => new()
    {
        ImageUsage = usage.Images is { } images ? OfImages(images, usage.LayersSize, verbose) : null,
        ContainerUsage = Of(usage.Containers, container => container.SizeRw, IsActive, verbose),
        VolumeUsage = Of(usage.Volumes, volume => Math.Max(volume.UsageData?.Size ?? 0, 0), volume => volume.UsageData?.RefCount > 0, verbose),
        BuildCacheUsage = Of(usage.BuildCache, record => record.Shared ? 0 : record.Size, record => record.InUse, verbose),
    };

    private static bool IsActive(ContainerSummary container) => container.State is "running" or "paused" or "restarting";

    private static ObjectsDiskUsage<ImageSummary> OfImages(IReadOnlyList<ImageSummary> images, long layers, bool verbose)
    {
        // What an image alone has goes with it; what is shared stays as long as another one has it.
        var used = images.Where(image => image.Containers > 0 && image.Size >= 0 && image.SharedSize >= 0).Sum(image => image.Size - image.SharedSize);
        return new ObjectsDiskUsage<ImageSummary>
        {
            ActiveCount = images.Count(image => image.Containers > 0),
            TotalCount = images.Count,
            TotalSize = layers,
            Reclaimable = Math.Max(layers - used, 0),
            Items = verbose ? images : null,
        };
    }

    private static ObjectsDiskUsage<T>? Of<T>(IReadOnlyList<T>? items, Func<T, long> size, Func<T, bool> isActive, bool verbose) => items is null ? null : new ObjectsDiskUsage<T>
    {
        ActiveCount = items.Count(isActive),
        TotalCount = items.Count,
        TotalSize = items.Sum(size),
        Reclaimable = items.Where(item => !isActive(item)).Sum(size),
        Items = verbose ? items : null,
    };
}

/// <summary>Swagger: ImagesDiskUsage, ContainersDiskUsage, VolumesDiskUsage, BuildCacheDiskUsage. Sizes are bytes.</summary>
public sealed record ObjectsDiskUsage<T>
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ActiveCount { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long TotalCount { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long TotalSize { get; set; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Reclaimable { get; set; }

    /// <summary>Only in verbose answers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<T>? Items { get; set; }
}

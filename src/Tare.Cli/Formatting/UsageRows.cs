using System.Globalization;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Templates;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Cli.Formatting;

/// <summary>What things take on the disk, as rows of lists.</summary>
internal sealed class UsageRows
{
    private readonly Session _session;
    private readonly JsonElement _usage;
    private readonly DiskUsageSummary _sums;

    /// <param name="session">Clock and time zone.</param>
    /// <param name="json">The engine's answer, of any version.</param>
    /// <param name="usage">The same.</param>
    public UsageRows(Session session, ReadOnlySpan<byte> json, JsonElement usage)
    {
        _session = session;
        _usage = usage;
        // An engine of before API 1.52 sends lists alone, and its clients add up.
        IsOld = usage.Member("LayersSize").ValueKind != JsonValueKind.Undefined;
        _sums = IsOld ? DiskUsageSummary.Of(WireJson.Read<DiskUsage>(json)!, verbose: false) : WireJson.Read<DiskUsageSummary>(json)!;
    }

    public static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>
    {
        ["Type"] = "TYPE",
        ["TotalCount"] = "TOTAL",
        ["Active"] = "ACTIVE",
        ["Size"] = "SIZE",
        ["Reclaimable"] = "RECLAIMABLE",
    };

    public static IReadOnlyDictionary<string, string> BuildCacheHeaders { get; } = new Dictionary<string, string>
    {
        ["ID"] = "CACHE ID",
        ["CacheType"] = "CACHE TYPE",
        ["Size"] = "SIZE",
        ["CreatedSince"] = "CREATED",
        ["LastUsedSince"] = "LAST USED",
        ["UsageCount"] = "USAGE",
        ["Shared"] = "SHARED",
    };

    /// <summary>Bytes of what is kept of builds.</summary>
    public long BuildCacheSize => _sums.BuildCacheUsage?.TotalSize ?? 0;

    /// <summary>A row for each sort of thing.</summary>
    public IEnumerable<Row> Sums =>
    [
        Sum("Images", _sums.ImageUsage),
        Sum("Containers", _sums.ContainerUsage),
        Sum("Local Volumes", _sums.VolumeUsage),
        Sum("Build Cache", _sums.BuildCacheUsage, withPercent: false),
    ];

    /// <summary>The volumes.</summary>
    public IEnumerable<Row> Volumes => Items("Volumes", "VolumeUsage").Select(VolumeRows.Of);

    private bool IsOld { get; }

    /// <summary>The images, each by the first of its tags.</summary>
    public IEnumerable<Row> Images(bool truncate)
    {
        var rows = new ImageRows(_session, truncate);
        return Items("Images", "ImageUsage").Select(rows.OfFirstTag);
    }

    /// <summary>The containers, with the size of their own files alone.</summary>
    public IEnumerable<Row> Containers(bool truncate)
    {
        var rows = new ContainerRows(_session, truncate);
        return Items("Containers", "ContainerUsage").Select(container => rows.Of(container, withImage: false));
    }

    /// <summary>All lists together, for a template.</summary>
    public GoStruct Lists() => new Row("formatter.diskUsageContext", new Dictionary<string, Func<object?>>
    {
        ["Images"] = () => new GoList([.. Images(truncate: false)], "[]*formatter.imageContext"),
        ["Containers"] = () => new GoList([.. Containers(truncate: false)], "[]*formatter.ContainerContext"),
        ["Volumes"] = () => new GoList([.. Volumes], "[]*formatter.volumeContext"),
        ["BuildCache"] = () => new GoList([], "[]*formatter.buildCacheContext"),
    });

    private IEnumerable<JsonElement> Items(string old, string name) => IsOld ? _usage.Items(old) : _usage.Member(name).Items("Items");

    private static Row Sum<T>(string type, ObjectsDiskUsage<T>? usage, bool withPercent = true)
    {
        usage ??= new ObjectsDiskUsage<T>();
        var percent = withPercent && usage.TotalSize > 0 ? $" ({usage.Reclaimable * 100 / usage.TotalSize}%)" : "";
        return new Row($"formatter.diskUsage{type[(type.LastIndexOf(' ') + 1)..]}Context", new Dictionary<string, Func<object?>>
        {
            ["Type"] = () => type,
            ["TotalCount"] = () => usage.TotalCount.ToString(CultureInfo.InvariantCulture),
            ["Active"] = () => usage.ActiveCount.ToString(CultureInfo.InvariantCulture),
            ["Size"] = () => Units.Size(usage.TotalSize),
            ["Reclaimable"] = () => Units.Size(usage.Reclaimable) + percent,
        });
    }
}

namespace Tare.EndToEnd.Harness;

/// <summary>A case on a filesystem that limits what projects take; left out, with the reason, where there can be none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class QuotaFactAttribute : FactAttribute
{
    private static readonly Lazy<string?> Ext4 = new(() => WhyNot("ext4"));
    private static readonly Lazy<string?> Xfs = new(() => WhyNot("xfs"));

    /// <param name="type"><c>ext4</c> or <c>xfs</c>.</param>
    public QuotaFactAttribute(string type)
    {
        Type = type;
        Skip = Setup.IsReference ? "is about Tare's own processes" : (type == "xfs" ? Xfs : Ext4).Value;
    }

    public string Type { get; }

    private static string? WhyNot(string type)
    {
        if (Setup.Find("mkfs." + type) is null)
            return $"mkfs.{type} is not installed";
        try
        {
            LoopDisk.MountWithProjectsAsync(type).GetAwaiter().GetResult().DisposeAsync().AsTask().GetAwaiter().GetResult();
            return null;
        }
        catch (Exception)
        {
            return $"this kernel has no project quotas on {type} (CONFIG_QFMT_V2, CONFIG_XFS_QUOTA), or no loop devices: it refuses to mount one with prjquota";
        }
    }
}

using System.Security.Cryptography;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Volumes;

/// <summary>
/// The quotas of volumes: each volume with a size is a project of the filesystem that the volumes are on. The number is written down with
/// the volume before anything has it, and stands in the name of what is left of a removed volume, so that its limit is taken back
/// whenever a crash comes.
/// </summary>
/// <param name="path">The folder of the volumes.</param>
/// <param name="quotas">The filesystem's.</param>
internal sealed class VolumeQuotas(string path, IProjectQuotas quotas)
{
    /// <summary>
    /// Numbers are chosen at random from here to twice as far: people and other engines count from small ones, and two engines on one
    /// filesystem do not meet.
    /// </summary>
    private const int First = 1 << 30;

    private const int Attempts = 100;

    /// <summary>Chooses a number that nobody uses.</summary>
    /// <exception cref="TareException">InvalidArgument: the filesystem does not limit projects.</exception>
    internal VolumeQuota Choose(string volume, long bytes, Func<uint, bool> isTaken)
    {
        using var root = Open();
        if (!quotas.AreEnforced(root)) throw NoSupport($"create {volume}: quota size requested but no quota support");
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var project = (uint)RandomNumberGenerator.GetInt32(First, int.MaxValue);
            if (!isTaken(project) && !quotas.IsUsed(root, project)) return new VolumeQuota(project, bytes);
        }
        throw TareException.Internal($"create {volume}: no number of a project is free on the filesystem of {path}");
    }

    /// <summary>Limits an empty directory.</summary>
    internal void Apply(Fd directory, VolumeQuota quota)
    {
        quotas.SetLimit(directory, quota.Project, quota.Bytes);
        quotas.Assign(directory, quota.Project);
    }

    /// <summary>Has what is made in a directory count for a volume as well.</summary>
    internal void Count(Fd directory, VolumeQuota quota) => quotas.Assign(directory, quota.Project);

    /// <summary>Limits a volume again whose data was brought from another filesystem, or whose limit somebody has taken away.</summary>
    /// <exception cref="TareException">InvalidArgument: the filesystem does not limit projects any more.</exception>
    internal void Renew(string volume, Fd data, VolumeQuota quota)
    {
        if (!quotas.AreEnforced(data)) throw NoSupport($"error while mounting volume {volume}: size quota requested for volume but no quota support");
        quotas.SetLimit(data, quota.Project, quota.Bytes);
        if (quotas.Of(data) != quota.Project) quotas.Assign(data, quota.Project);
    }

    /// <summary>Takes a limit back. That the filesystem has no quotas any more is as good.</summary>
    internal void Forget(uint project)
    {
        using var root = Open();
        if (quotas.AreEnforced(root)) quotas.SetLimit(root, project, 0);
    }

    private TareException NoSupport(string what) => TareException.Invalid(
        $"{what}: the filesystem of {path} does not limit projects; mount it with the option prjquota (XFS, or ext4 that was made with `mkfs.ext4 -O quota,project`, "
        + "on Linux 5.14 or newer), or use a volume without a size");

    private Fd Open() => Paths.Open(path, Paths.Directory | Paths.NoFollow);
}

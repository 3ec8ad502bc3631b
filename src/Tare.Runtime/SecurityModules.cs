using Tare.Linux;

namespace Tare.Runtime;

/// <summary>The security modules of the running kernel that give processes labels.</summary>
public static class SecurityModules
{
    private const string OwnAppArmorFile = "/proc/self/attr/apparmor/exec";

    private static bool? appArmor, selinux;

    /// <summary>Whether AppArmor is there and on.</summary>
    public static bool HasAppArmor => appArmor ??= FileContent.TryReadText("/sys/module/apparmor/parameters/enabled")?.StartsWith('Y') is true;

    /// <summary>Whether SELinux is there and on.</summary>
    public static bool HasSelinux => selinux ??= FileStatuses.OfPath("/sys/fs/selinux/enforce") is not null;

    /// <summary>Where a process writes its next profile, below a procfs: AppArmor's own file (kernel 5.8), or the one that modules share.</summary>
    public static string AppArmorExecFile => FileStatuses.OfPath(OwnAppArmorFile) is not null ? "self/attr/apparmor/exec" : "self/attr/exec";
}

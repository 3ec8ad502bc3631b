using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Which version of control groups is mounted at a path: statfs(2), cgroups(7).</summary>
public static partial class CgroupFileSystems
{
    private const long CGROUP_SUPER_MAGIC = 0x27e0eb;
    private const long CGROUP2_SUPER_MAGIC = 0x63677270;
    private const int StatfsLength = 120;

    /// <summary>1 or 2; 0 when there is nothing, or something else.</summary>
    public static unsafe int VersionAt(string path)
    {
        var status = stackalloc long[StatfsLength / sizeof(long)];
        if (statfs(path, status) < 0) return 0;
        return status[0] switch
        {
            CGROUP_SUPER_MAGIC => 1,
            CGROUP2_SUPER_MAGIC => 2,
            _ => 0,
        };
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statfs(string path, long* status);
}

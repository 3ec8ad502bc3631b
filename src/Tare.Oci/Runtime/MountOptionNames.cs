namespace Tare.Oci.Runtime;

/// <summary>The mount options that the runtime itself understands (config.md, "Linux mount options"); all others are a filesystem's.</summary>
public static class MountOptionNames
{
    private static readonly string[] Names =
    [
        "async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "idmap", "iversion", "lazytime", "loud", "mand", "noatime",
        "nodev", "nodiratime", "noexec", "noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid", "nosymfollow",
        "private", "ratime", "rbind", "rdev", "rdiratime", "relatime", "remount", "rexec", "ridmap", "rnoatime", "rnodev", "rnodiratime",
        "rnoexec", "rnorelatime", "rnostrictatime", "rnosuid", "rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw", "rshared",
        "rslave", "rstrictatime", "rsuid", "rsymfollow", "runbindable", "rw", "shared", "silent", "slave", "strictatime", "suid",
        "symfollow", "sync", "tmpcopyup", "unbindable",
    ];

    /// <summary>All, in the order of their names.</summary>
    public static IReadOnlyList<string> All => Names;

    /// <summary>Whether an option is one of them.</summary>
    public static bool IsKnown(string option) => Array.BinarySearch(Names, option, StringComparer.Ordinal) >= 0;

    /// <summary>Whether an option is about what mounts spread to (mount_namespaces(7)).</summary>
    public static bool IsPropagation(string option) => option is "private" or "rprivate" or "shared" or "rshared" or "slave" or "rslave" or "unbindable" or "runbindable";
}

using System.Globalization;

namespace Tare.Linux;

/// <summary>The kernel's capabilities (capabilities(7)): names, numbers, and what this process may give.</summary>
public static class Capabilities
{
    private static readonly string[] Names =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
        "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
        "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD",
        "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
        "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
    ];

    /// <summary>The highest capability that the running kernel knows.</summary>
    public static int Last { get; } = ReadLast() ?? Names.Length - 1;

    /// <summary>The bounding set of this process: nothing beyond it can be given to a child.</summary>
    public static ulong Bounding { get; } = ReadBounding();

    /// <summary>The bounding set of the first process of a user namespace: all that the kernel has (user_namespaces(7)).</summary>
    public static ulong InUserNamespace => Last >= 63 ? ulong.MaxValue : (1UL << (Last + 1)) - 1;

    /// <summary>All capabilities, by number.</summary>
    public static IReadOnlyList<string> All => Names;

    /// <summary>The number of a capability, or -1. The name is as in <c>CAP_CHOWN</c>.</summary>
    public static int NumberOf(string name) => Array.IndexOf(Names, name);

    /// <summary>A set of capabilities as a bit mask, cut to what this process can give. Unknown names are an error of the caller.</summary>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public static ulong Mask(IEnumerable<string> names) => Mask(names, Bounding);

    /// <summary>As the other, cut to a set that can be given.</summary>
    public static ulong Mask(IEnumerable<string> names, ulong available)
    {
        ulong mask = 0;
        foreach (var name in names)
        {
            var number = NumberOf(name);
            if (number < 0) throw new ArgumentException($"unknown capability {name}", nameof(names));
            if (number <= Last) mask |= 1UL << number;
        }
        return mask & available;
    }

    /// <summary>The names of all capabilities that this process can give.</summary>
    public static IReadOnlyList<string> Known()
    {
        var names = new List<string>();
        for (var number = 0; number <= Last && number < Names.Length; number++)
        {
            if ((Bounding >> number & 1) == 1) names.Add(Names[number]);
        }
        return names;
    }

    private static ulong ReadBounding()
    {
        ReadOnlySpan<byte> status = FileContent.TryRead("/proc/self/status");
        var line = "\nCapBnd:\t"u8;
        var start = status.IndexOf(line);
        if (start < 0) return ulong.MaxValue;
        status = status[(start + line.Length)..];
        return ulong.Parse(status[..status.IndexOf((byte)'\n')], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private static int? ReadLast() => FileContent.TryRead("/proc/sys/kernel/cap_last_cap") is { } text && int.TryParse(text.AsSpan().TrimEnd((byte)'\n'), CultureInfo.InvariantCulture, out var last) ? last : null;
}

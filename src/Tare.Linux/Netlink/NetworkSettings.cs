using System.Text;

namespace Tare.Linux.Netlink;

/// <summary>
/// The settings of a network namespace below /proc/sys/net: proc_sys_net(5). They belong to the namespace of the thread that opens them,
/// so that a thread of its own enters the namespace for each call.
/// </summary>
public static class NetworkSettings
{
    private const string Root = "/proc/sys/net/";
    private const int MaxValue = 4096;

    /// <summary>Writes settings, in their order.</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="settings">Paths below /proc/sys/net, such as <c>ipv4/conf/br0/route_localnet</c> (names of devices may have dots in them), with values.</param>
    /// <exception cref="LinuxException">The first that the kernel refuses; ENOENT: it has no such setting.</exception>
    public static void Write(Fd network, params IReadOnlyList<(string Path, string Value)> settings) => Namespaces.InNetwork(network, () =>
    {
        foreach (var (path, value) in settings)
        {
            var operation = $"set net/{path} to {value}";
            using var file = Open(path, OpenFlags.WriteOnly, operation);
            if (FileContent.WriteAt(file, Encoding.UTF8.GetBytes(value), 0) is not 0 and var error) throw new LinuxException(operation, error);
        }
        return 0;
    });

    /// <summary>Reads a setting, without the line's end.</summary>
    /// <returns>Null when the kernel has no such setting.</returns>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public static string? Read(Fd network, string path) => Namespaces.InNetwork(network, () =>
    {
        try
        {
            using var file = Open(path, OpenFlags.ReadOnly, $"read net/{path}");
            return Encoding.UTF8.GetString(FileContent.ReadToEnd(file, MaxValue)).TrimEnd('\n');
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            return null;
        }
    });

    private static Fd Open(string path, OpenFlags flags, string operation)
    {
        if (path.StartsWith('/') || path.Split('/').Any(static part => part is "" or "." or "..")) throw new ArgumentException($"{path} is no path below {Root}", nameof(path));
        return Paths.TryOpen(Paths.CurrentDirectory, Root + path, flags, Resolve.None, out var error) ?? throw new LinuxException(operation, error);
    }
}

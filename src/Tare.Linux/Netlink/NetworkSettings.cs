using System.Text;

namespace Tare.Linux.Netlink;

/// <summary>
/// The settings of a network namespace below /proc/sys/net: proc_sys_net(5). They belong to the namespace of the thread that opens them,
/// so that a thread of its own enters the namespace for each call; a folder that was opened there leads there from everywhere.
/// </summary>
public static class NetworkSettings
{
    private const string Root = "/proc/sys/net/";
    private const int MaxValue = 4096;

    /// <summary>Writes settings, in their order.</summary>
    /// <param name="network">The namespace; null: the calling thread's.</param>
    /// <param name="settings">Paths below /proc/sys/net, such as <c>ipv4/conf/br0/route_localnet</c> (names of devices may have dots in them), with values.</param>
    /// <exception cref="LinuxException">The first that the kernel refuses; ENOENT: it has no such setting.</exception>
    public static void Write(Fd? network, params IReadOnlyList<(string Path, string Value)> settings) => In(network, () =>
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
    public static string? Read(Fd? network, string path) => In(network, () =>
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

    /// <summary>
    /// Opens a folder of settings in the calling thread's namespace. What is written below it belongs to that namespace, whatever thread writes, for folders that
    /// each namespace has of its own: <c>ipv4/conf</c> and <c>ipv6/conf</c> are, their parents are not.
    /// </summary>
    /// <returns>Null when the kernel has no such folder.</returns>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public static Fd? OpenFolder(string path)
    {
        try
        {
            return Open(path, OpenFlags.Path | Paths.Directory, $"open net/{path}");
        }
        catch (LinuxException e) when (e.Error == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>Writes a setting below a folder.</summary>
    /// <param name="folder">What <see cref="OpenFolder"/> has given.</param>
    /// <param name="path">A path below it, such as <c>eth0/disable_ipv6</c>.</param>
    /// <param name="value">The value.</param>
    /// <returns>0, or the error number.</returns>
    public static int TryWrite(Fd folder, string path, string value)
    {
        CheckPath(path);
        using var file = Paths.TryOpen(folder.Number, path, OpenFlags.WriteOnly, Resolve.Beneath, out var error);
        return file is null ? error : FileContent.WriteAt(file, Encoding.UTF8.GetBytes(value), 0);
    }

    private static T In<T>(Fd? network, Func<T> action) => network is null ? action() : Namespaces.InNetwork(network, action);

    private static Fd Open(string path, OpenFlags flags, string operation)
    {
        CheckPath(path);
        return Paths.TryOpen(Paths.CurrentDirectory, Root + path, flags, Resolve.None, out var error) ?? throw new LinuxException(operation, error);
    }

    private static void CheckPath(string path)
    {
        if (path.StartsWith('/') || path.Split('/').Any(static part => part is "" or "." or "..")) throw new ArgumentException($"{path} is no path below {Root}", nameof(path));
    }
}

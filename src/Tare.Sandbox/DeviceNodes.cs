using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Sandbox;

/// <summary>Device nodes of the host.</summary>
internal static class DeviceNodes
{
    private static readonly HashSet<string> Skipped = ["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"];

    /// <summary>The node at a path, or all nodes below a directory, as devices of a container.</summary>
    /// <exception cref="TareException">There is no device.</exception>
    public static IReadOnlyList<LinuxDevice> Find(DeviceOptions options)
    {
        var host = options.HostPath;
        if (Directory.Exists(host))
        {
            var all = Walk(host, options.ContainerPath).ToArray();
            return all.Length > 0 ? all : throw TareException.Invalid($"no device found at {host}");
        }
        return NodeAt(host, options.ContainerPath) is { } device
            ? [device]
            : throw TareException.Invalid($"error gathering device information while adding custom device \"{host}\": {(File.Exists(host) ? "not a device node" : "no such file or directory")}");
    }

    /// <summary>All nodes below a directory; links are not followed.</summary>
    public static IEnumerable<LinuxDevice> Walk(string directory, string inside)
    {
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null) continue;
            var target = inside.TrimEnd('/') + "/" + entry.Name;
            if (entry is DirectoryInfo)
            {
                if (Skipped.Contains(entry.Name)) continue;
                foreach (var device in Walk(entry.FullName, target)) yield return device;
            }
            else if (NodeAt(entry.FullName, target) is { } device)
            {
                yield return device;
            }
        }
    }

    private static LinuxDevice? NodeAt(string path, string inside) =>
        FileStatuses.OfPath(path) is { } status && (status.IsBlockDevice || status.IsCharacterDevice)
            ? new LinuxDevice
            {
                Path = inside,
                Type = status.IsBlockDevice ? "b" : "c",
                Major = status.DeviceMajor,
                Minor = status.DeviceMinor,
                FileMode = status.Mode & 0xFFF,
                Uid = status.Uid,
                Gid = status.Gid,
            }
            : null;
}

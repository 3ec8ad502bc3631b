using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Linux;
using Tare.Runtime;

namespace Tare.Volumes;

/// <summary>
/// The filesystems of volumes that have one of their own: mounted on the volume's directory while at least one container runs with it. They outlive
/// the daemon, as the containers do. Thread-safe.
/// </summary>
public sealed class VolumeMounts
{
    private readonly Lock _changing = new();
    private readonly Dictionary<string, HashSet<string>> _users = new(StringComparer.Ordinal);

    /// <summary>Whether a volume is empty each time that it is mounted: what is copied into it would be lost.</summary>
    public static bool IsFleeting(Volume volume) => volume.Options?.GetValueOrDefault(LocalOptions.Type) == "tmpfs";

    /// <summary>Mounts a volume, unless it is mounted.</summary>
    /// <param name="volume">The volume; nothing is done for one that is a plain directory.</param>
    /// <param name="user">Who needs it until <see cref="Unmount"/>.</param>
    /// <exception cref="TareException">The device is not there, or the kernel refuses.</exception>
    public void Mount(Volume volume, string user)
    {
        if (!volume.NeedsMount) return;
        lock (_changing)
        {
            if (!_users.TryGetValue(volume.Name, out var users)) _users[volume.Name] = users = new HashSet<string>(StringComparer.Ordinal);
            if (!IsMounted(volume)) Mount(volume, volume.Options!);
            users.Add(user);
        }
    }

    /// <summary>A container that has outlived a daemon uses a volume.</summary>
    public void Adopt(Volume volume, string user)
    {
        if (!volume.NeedsMount) return;
        lock (_changing)
        {
            if (!_users.TryGetValue(volume.Name, out var users)) _users[volume.Name] = users = new HashSet<string>(StringComparer.Ordinal);
            users.Add(user);
        }
    }

    /// <summary>A user needs a volume no more; the last one's leaving unmounts it.</summary>
    public void Unmount(Volume volume, string user)
    {
        if (!volume.NeedsMount) return;
        lock (_changing)
        {
            if (!_users.TryGetValue(volume.Name, out var users) || !users.Remove(user) || users.Count > 0) return;
            _users.Remove(volume.Name);
            Detach(volume);
        }
    }

    /// <summary>All containers that run have been adopted: what else is mounted, a crash has left.</summary>
    public void Settle(IEnumerable<Volume> volumes)
    {
        lock (_changing)
        {
            foreach (var volume in volumes)
            {
                if (volume.NeedsMount && !_users.ContainsKey(volume.Name)) Detach(volume);
            }
        }
    }

    private static void Detach(Volume volume)
    {
        while (IsMounted(volume) && Mounts.Detach(volume.Path))
        {
            // One may lie upon another.
        }
    }

    private static bool IsMounted(Volume volume)
    {
        using var data = Paths.TryOpen(Paths.CurrentDirectory, volume.Path, OpenFlags.Path, Resolve.None, out _);
        using var outer = Paths.TryOpen(Paths.CurrentDirectory, Path.GetDirectoryName(volume.Path)!, OpenFlags.Path, Resolve.None, out _);
        return data is not null && outer is not null && Mounts.IdOf(data) != Mounts.IdOf(outer);
    }

    private static void Mount(Volume volume, IReadOnlyDictionary<string, string> options)
    {
        var (type, device) = (options[LocalOptions.Type], options[LocalOptions.Device]);
        var flags = MountFlags.Parse(options.GetValueOrDefault(LocalOptions.Words, "").Split(',', StringSplitOptions.RemoveEmptyEntries));
        try
        {
            using var place = Paths.Open(volume.Path, OpenFlags.Path | Paths.Directory | Paths.NoFollow);
            using var mount = flags.Bind ? Bind(device, flags) : Mounts.Create(type, [("source", device), .. Parameters(type, flags)], flags.Attributes);
            Mounts.Attach(mount, place);
        }
        catch (LinuxException e)
        {
            throw TareException.Internal($"error while mounting volume '{volume.Path}': failed to mount local volume: mount {device}:{volume.Path}: {e.Message}", e);
        }
    }

    private static Fd Bind(string device, MountFlags flags)
    {
        var mount = Mounts.CloneTree(device, flags.Recursive);
        try
        {
            if (flags.Attributes != 0 || flags.Cleared != 0) Mounts.SetAttributes(mount, flags.Attributes, flags.Cleared, Propagation.Unchanged, recursive: false);
            Mounts.SetAttributes(mount, 0, 0, Propagation.Private, recursive: true);
            return mount;
        }
        catch
        {
            mount.Dispose();
            throw;
        }
    }

    private static IEnumerable<(string Key, string? Value)> Parameters(string type, MountFlags flags)
    {
        if (flags.IsReadOnly) yield return ("ro", null);
        var words = flags.Data.Split(',', StringSplitOptions.RemoveEmptyEntries);
        // mount(2) takes the version from this type; parameter by parameter the kernel has to be told.
        if (type == "nfs4" && !words.Any(word => word.StartsWith("vers=", StringComparison.Ordinal) || word.StartsWith("nfsvers=", StringComparison.Ordinal))) yield return ("vers", "4");
        foreach (var word in words)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var (key, value) = equals < 0 ? (word, null) : (word[..equals], word[(equals + 1)..]);
            // The kernel knows no names of hosts.
            if (key == "addr" && value is not null && type.StartsWith("nfs", StringComparison.Ordinal)) value = AddressOf(value);
            yield return (key, value);
        }
    }

    private static string AddressOf(string host)
    {
        if (IPAddress.TryParse(host, out _)) return host;
        try
        {
            return Dns.GetHostAddresses(host) is [var first, ..] ? first.ToString() : host;
        }
        catch (SocketException e)
        {
            throw TareException.Internal($"error resolving passed in network volume address: {host}: {e.Message}", e);
        }
    }
}

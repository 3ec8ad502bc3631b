using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Containers;

/// <summary>
/// The directory of one container below the runtime's root:
/// <code>
/// ROOT/ID/config.json   the configuration that it was created from, as it was then, with the limits that update has set since
///         state.json    what became of it: ContainerRecord
///         start.sock    listens until the container is started
///         notify/       bound into the container, where somebody waits for it to be ready: NotifySocket
/// </code>
/// </summary>
internal sealed class StateDirectory : IDisposable
{
    private const string ConfigName = "config.json";
    private const string StateName = "state.json";
    private const string NewStateName = ".state.json";
    private const string NewConfigName = ".config.json";
    private const string SocketName = "start.sock";
    private const string NotifyName = "notify";
    private const int RootMode = 0x1C0; // 0700
    private const int NotifyMode = 0x1ED; // 0755
    private const uint OthersWrite = 2;
    private const uint Sticky = 0x200;
    private const int LongestFile = 64 << 20;

    private readonly Fd directory;

    private StateDirectory(string root, string id, Fd directory)
    {
        Root = root;
        Id = id;
        this.directory = directory;
    }

    public string Root { get; }

    public string Id { get; }

    /// <summary>The socket, by a path that is short however long the root's is.</summary>
    public string SocketPath => $"/proc/self/fd/{directory.Number}/{SocketName}";

    /// <summary>Makes the directory of a new container, locked.</summary>
    /// <exception cref="TareException">There is a container of this id, or the root cannot be written to.</exception>
    public static StateDirectory Create(string root, string id)
    {
        MakeRoot(root);
        CheckRoot(root);
        var path = $"{root}/{id}";
        var error = FileSystem.MakeDirectory(path, RootMode);
        if (error == Errno.EEXIST) throw TareException.Conflict($"container with given ID already exists: {id}: delete it first, or choose another id");
        if (error != 0) throw new LinuxException($"make the state directory {path}", error);
        return Open(root, id, locked: true) ?? throw TareException.Internal($"the state directory {path} is gone again");
    }

    /// <summary>Opens the directory of a container; null when there is none.</summary>
    /// <param name="root">The runtime's root.</param>
    /// <param name="id">The container.</param>
    /// <param name="locked">Whether to wait for its lock, which whoever creates, starts or deletes it has.</param>
    public static StateDirectory? Open(string root, string id, bool locked)
    {
        CheckRoot(root);
        while (true)
        {
            var fd = Paths.TryOpen(Paths.CurrentDirectory, $"{root}/{id}", OpenFlags.ReadOnly | Paths.Directory | Paths.NoFollow, Resolve.None, out var error);
            if (fd is null) return error is Errno.ENOENT or Errno.ENOTDIR ? null : throw new LinuxException($"open the state directory {root}/{id}", error);
            if (FileStatuses.Of(fd) is { } status) CheckOwner($"{root}/{id}", status);
            if (!locked) return new StateDirectory(root, id, fd);
            RegularFiles.Lock(fd, wait: true);
            // Whoever had the lock before may have removed it, and somebody else made it anew.
            if (FileStatuses.Of(fd) is { Links: > 0 }) return new StateDirectory(root, id, fd);
            fd.Dispose();
        }
    }

    /// <summary>The ids below a root.</summary>
    public static IReadOnlyList<string> List(string root)
    {
        var ids = new List<string>();
        if (!Directory.Exists(root)) return ids;
        foreach (var path in Directory.EnumerateDirectories(root)) ids.Add(Path.GetFileName(path));
        ids.Sort(string.CompareOrdinal);
        return ids;
    }

    public byte[]? ReadConfig() => Read(ConfigName);

    public byte[]? ReadState() => Read(StateName);

    public void WriteConfig(ReadOnlySpan<byte> content) => Write(ConfigName, content);

    /// <summary>Replaces the state: whoever reads sees the old or the new, also after a crash of the writer.</summary>
    public void WriteState(ReadOnlySpan<byte> content) => Replace(StateName, NewStateName, content);

    /// <summary>Replaces the configuration, in the same way.</summary>
    public void ReplaceConfig(ReadOnlySpan<byte> content) => Replace(ConfigName, NewConfigName, content);

    /// <summary>Listens for the word to start.</summary>
    public Fd Listen() => SeqPacketSocket.Listen(SocketPath, 1, nonBlocking: false);

    public bool HasSocket
    {
        get
        {
            using var socket = Paths.TryOpen(directory.Number, SocketName, OpenFlags.Path | Paths.NoFollow, Resolve.Beneath, out _);
            return socket is not null;
        }
    }

    /// <summary>Makes the directory of the socket on which the container says that it is ready; returns its absolute path.</summary>
    public string MakeNotify()
    {
        var path = $"{Root}/{Id}/{NotifyName}";
        if (FileSystem.MakeDirectory(path, NotifyMode) is var error and not 0) throw new LinuxException($"make the directory {path}", error);
        // Every user of the container's has to get in, whatever the caller's umask is.
        File.SetUnixFileMode(path, (UnixFileMode)NotifyMode);
        return path;
    }

    /// <summary>The path of that socket, by one that is short however long the root's is; null: the container has none. What an earlier caller has left is removed.</summary>
    public string? PrepareNotifySocket()
    {
        using var notify = OpenNotify();
        if (notify is null) return null;
        _ = FileSystem.Remove(notify, Encoding.UTF8.GetBytes(NotifySocket.SocketName));
        return $"/proc/self/fd/{directory.Number}/{NotifyName}/{NotifySocket.SocketName}";
    }

    public void RemoveSocket() => _ = FileSystem.Remove(directory, Encoding.UTF8.GetBytes(SocketName));

    /// <summary>Removes the directory and what the runtime has put there.</summary>
    public void Remove()
    {
        foreach (var name in (string[])[SocketName, StateName, NewStateName, ConfigName, NewConfigName]) _ = FileSystem.Remove(directory, Encoding.UTF8.GetBytes(name));
        using (var notify = OpenNotify())
        {
            if (notify is not null)
            {
                _ = FileSystem.Remove(notify, Encoding.UTF8.GetBytes(NotifySocket.SocketName));
                _ = FileSystem.RemoveDirectory(directory, Encoding.UTF8.GetBytes(NotifyName));
            }
        }
        var error = FileSystem.RemoveDirectory($"{Root}/{Id}");
        if (error is not (0 or Errno.ENOENT)) throw new LinuxException($"remove the state directory {Root}/{Id}", error);
    }

    public void Unlock() => RegularFiles.Unlock(directory);

    public void Dispose() => directory.Dispose();

    private Fd? OpenNotify() => Paths.TryOpen(directory.Number, NotifyName, OpenFlags.Path | Paths.Directory | Paths.NoFollow, Resolve.Beneath, out _);

    private static void MakeRoot(string root)
    {
        if (FileSystem.MakeDirectory(root, RootMode) is var error and not (0 or Errno.EEXIST))
        {
            var above = Path.GetDirectoryName(root);
            if (error != Errno.ENOENT || string.IsNullOrEmpty(above)) throw new LinuxException($"make the root directory {root}", error);
            MakeRoot(above);
            MakeRoot(root);
        }
    }

    private void Replace(string name, string next, ReadOnlySpan<byte> content)
    {
        Write(next, content);
        var error = FileSystem.Rename(directory, Encoding.UTF8.GetBytes(next), directory, Encoding.UTF8.GetBytes(name));
        if (error != 0) throw new LinuxException($"replace {name} of the container {Id}", error);
    }

    /// <summary>Whoever can write to the directory of the state can have any process killed, and any control group removed.</summary>
    private static void CheckRoot(string root)
    {
        // The link, if it is one, and what it leads to.
        if (FileStatuses.OfPath(root) is not { } link) return;
        CheckOwner(root, link);
        using var directory = Paths.TryOpen(Paths.CurrentDirectory, root, OpenFlags.Path | Paths.Directory, Resolve.None, out _);
        if (directory is null || FileStatuses.Of(directory) is not { } status) return;
        CheckOwner(root, status);
        if ((status.Mode & (OthersWrite | Sticky)) == OthersWrite)
            throw TareException.Invalid($"the root directory {root} can be written to by everybody: choose another --root, or make it yours alone");
    }

    private static void CheckOwner(string path, FileStatus status)
    {
        if (status.Uid != 0 && status.Uid != UserIds.Effective)
            throw TareException.Invalid($"the state directory {path} belongs to the user {status.Uid}: choose another --root, or become that user");
    }

    private byte[]? Read(string name)
    {
        using var file = Paths.TryOpen(directory.Number, name, OpenFlags.ReadOnly | Paths.NoFollow, Resolve.Beneath, out var error);
        if (file is not null) return FileContent.ReadToEnd(file, LongestFile);
        return error == Errno.ENOENT ? null : throw new LinuxException($"open {name} of the container {Id}", error);
    }

    private void Write(string name, ReadOnlySpan<byte> content)
    {
        using var file = Paths.TryOpen(directory.Number, name, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Truncate | Paths.NoFollow, Resolve.Beneath, out var error, 0x180)
            ?? throw new LinuxException($"write {name} of the container {Id}", error);
        Descriptors.WriteAll(file, content);
    }
}

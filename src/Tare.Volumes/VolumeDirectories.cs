using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Volumes;

/// <summary>
/// The directories of volumes:
/// <code>
/// volumes/NAME/_data      what containers see
/// volumes/.new-NAME       is being made
/// volumes/.gone-…         is being removed; with a quota, its project's number is at the end
/// volumes/.copy-NAME      an image's content on its way into the volume
/// volumes/.copied-NAME    the same, whole: what is still in it is moved to the volume
/// </code>
/// No name of a volume begins with a dot. Each step from one to the next is one rename(2).
/// </summary>
internal sealed class VolumeDirectories
{
    internal const string Data = "_data";

    /// <summary>rwx-----x and rwxr-xr-x, as Docker's.</summary>
    private const int OuterMode = 0x1C1;
    private const int DataMode = 0x1ED;
    private const int DraftMode = 0x1C0;
    private const int PermissionMask = 0xFFF;
    private const string New = ".new-";
    private const string Gone = ".gone-";
    private const string Copy = ".copy-";
    private const string Copied = ".copied-";

    private readonly string _path;

    internal VolumeDirectories(string dataRoot)
    {
        _path = Path.Combine(dataRoot, "volumes");
        Directory.CreateDirectory(_path);
        using var root = Root();
        Check(NodeAttributes.SetMode(root, OuterMode), _path);
    }

    /// <summary>Where the volumes are.</summary>
    internal string Folder => _path;

    /// <summary>The directory of a volume that containers see.</summary>
    internal string DataOf(string name) => Path.Combine(_path, name, Data);

    internal bool Exists(string name) => Directory.Exists(DataOf(name));

    /// <summary>The volumes whose directories are there.</summary>
    internal IReadOnlyList<string> Names() => [.. Directory.EnumerateDirectories(_path).Select(path => Path.GetFileName(path)).Where(name => VolumeName.IsValid(name) && Exists(name))];

    internal DateTimeOffset TimeOf(string name) => new(Directory.GetLastWriteTimeUtc(DataOf(name)), TimeSpan.Zero);

    /// <summary>Makes the directory of a volume; it is there whole or not at all.</summary>
    /// <param name="name">The volume.</param>
    /// <param name="limit">Gets what containers see, while it is empty.</param>
    internal void Make(string name, Action<Fd>? limit = null)
    {
        using var root = Root();
        var draft = New + name;
        DirectoryTree.Remove(root, Bytes(draft));
        Check(FileSystem.MakeDirectory(root, Bytes(draft), OuterMode), draft);
        using (var outer = Open(root, draft))
        {
            Check(NodeAttributes.SetMode(outer, OuterMode), draft);
            Check(FileSystem.MakeDirectory(outer, Bytes(Data), DataMode), draft);
            Check(NodeAttributes.SetMode(outer, Bytes(Data), DataMode), draft);
            if (limit is not null)
            {
                using var data = Open(outer, Data);
                limit(data);
            }
        }
        var error = FileSystem.Rename(root, Bytes(draft), root, Bytes(name), replace: false);
        // Half of a volume, as a directory that was restored from elsewhere may be: nothing is mounted in it, for it has no data.
        if (error == Errno.EEXIST)
        {
            using var existing = Open(root, name);
            error = FileSystem.MakeDirectory(existing, Bytes(Data), DataMode);
            DirectoryTree.Remove(root, Bytes(draft));
            if (error == Errno.EEXIST) error = 0;
        }
        Check(error, name);
    }

    /// <summary>Takes a volume's name from its directory.</summary>
    /// <returns>What is left to be removed; null when there is nothing.</returns>
    internal string? PutAside(string name, VolumeQuota? quota)
    {
        using var root = Root();
        var aside = string.Create(CultureInfo.InvariantCulture, $"{Gone}{Guid.NewGuid():N}{(quota is null ? "" : "-")}{quota?.Project}");
        var error = FileSystem.Rename(root, Bytes(name), root, Bytes(aside), replace: false);
        if (error == Errno.ENOENT) return null;
        Check(error, name);
        return aside;
    }

    /// <summary>The project of what was put aside; null when it had no quota.</summary>
    internal static uint? ProjectOf(string aside) =>
        uint.TryParse(aside.AsSpan(aside.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var project) && aside.Count('-') == 2 ? project : null;

    /// <summary>The directory of a volume that containers see, open for reading.</summary>
    internal Fd OpenData(string name)
    {
        using var root = Root();
        return OpenData(root, name);
    }

    /// <summary>Removes what was put aside. Nothing is removed through a mount.</summary>
    internal void Remove(string aside)
    {
        using var root = Root();
        using (var outer = Open(root, aside))
        {
            using var data = BytePaths.TryOpenDirectory(outer, Bytes(Data), out _);
            if (data is not null && Mounts.IsRoot(data) && Mounts.IdOf(data) != Mounts.IdOf(outer))
                throw TareException.Conflict($"the directory {Path.Combine(_path, aside, Data)} is left: something is mounted on it; unmount it and start the engine again");
        }
        DirectoryTree.Remove(root, Bytes(aside));
    }

    /// <summary>
    /// Fills an empty volume. What <paramref name="copy"/> writes is beside the volume until it is whole; a crash leaves an empty volume, or
    /// one that is filled at the next start.
    /// </summary>
    /// <param name="name">The volume.</param>
    /// <param name="copy">Fills a directory, and gives it the attributes that the volume's is to have; false when there is nothing to copy.</param>
    /// <param name="count">Gets the directory before that.</param>
    internal void Fill(string name, Func<Fd, bool> copy, Action<Fd>? count = null)
    {
        using var root = Root();
        using var data = OpenData(root, name);
        if (!IsEmpty(data)) return;
        var draft = Copy + name;
        DirectoryTree.Remove(root, Bytes(draft));
        Check(FileSystem.MakeDirectory(root, Bytes(draft), DraftMode), draft);
        try
        {
            bool any;
            using (var directory = Open(root, draft))
            {
                count?.Invoke(directory);
                any = copy(directory);
            }
            if (any) Check(FileSystem.Rename(root, Bytes(draft), root, Bytes(Copied + name), replace: false), name);
            else DirectoryTree.Remove(root, Bytes(draft));
        }
        catch
        {
            DirectoryTree.Remove(root, Bytes(draft));
            throw;
        }
        FinishFilling(root, name);
    }

    /// <summary>Fills an empty volume where it lies: of what is mounted nothing can be made beside it.</summary>
    internal void FillMounted(string name, Func<Fd, bool> copy)
    {
        using var root = Root();
        using var data = OpenData(root, name);
        if (IsEmpty(data)) copy(data);
    }

    /// <summary>Removes what a crash has left half, and goes on with what it has left whole.</summary>
    internal void Sweep(Action<string> left)
    {
        using var root = Root();
        foreach (var path in Directory.EnumerateDirectories(_path, ".*"))
        {
            var name = Path.GetFileName(path);
            if (name.StartsWith(Copied, StringComparison.Ordinal) && Exists(name[Copied.Length..])) FinishFilling(root, name[Copied.Length..]);
            else if (name.StartsWith(Gone, StringComparison.Ordinal)) left(name);
            else if (name.StartsWith(New, StringComparison.Ordinal) || name.StartsWith(Copy, StringComparison.Ordinal) || name.StartsWith(Copied, StringComparison.Ordinal)) DirectoryTree.Remove(root, Bytes(name));
        }
    }

    private static bool IsEmpty(Fd directory)
    {
        using var listing = BytePaths.TryOpenDirectory(directory, "."u8, out var error);
        return listing is null ? throw new LinuxException("list a volume", error) : DirectoryTree.List(listing).Count == 0;
    }

    private void FinishFilling(Fd root, string name)
    {
        using var source = BytePaths.TryOpenDirectory(root, Bytes(Copied + name), out _);
        if (source is null) return;
        using var data = OpenData(root, name);
        using (var listing = Open(root, Copied + name))
        {
            foreach (var entry in DirectoryTree.List(listing))
            {
                // What a running container has made meanwhile stays.
                if (FileSystem.Rename(source, entry.Name, data, entry.Name, replace: false) is not (0 or Errno.EEXIST) and var error) Check(error, name);
            }
        }
        CopyAttributes(source, data, name);
        DirectoryTree.Remove(root, Bytes(Copied + name));
    }

    private void CopyAttributes(Fd source, Fd target, string name)
    {
        Check(NodeAttributes.Read(source, default, out var status), name);
        foreach (var attribute in ExtendedAttributes.List(source, default))
        {
            if (ExtendedAttributes.Get(source, default, attribute) is { } value) Check(ExtendedAttributes.Set(target, default, attribute, value), name);
        }
        Check(NodeAttributes.SetOwner(target, default, status.Uid, status.Gid), name);
        Check(NodeAttributes.SetMode(target, status.Mode & PermissionMask), name);
        Check(NodeAttributes.SetTime(target, default, status.ModifiedSeconds, status.ModifiedNanoseconds), name);
    }

    private Fd Root() => Paths.Open(_path, Paths.Directory | Paths.NoFollow);

    private Fd OpenData(Fd root, string name)
    {
        using var outer = Open(root, name);
        return Open(outer, Data);
    }

    private Fd Open(Fd parent, string name) => BytePaths.TryOpenDirectory(parent, Bytes(name), out var error) ?? throw new LinuxException($"open \"{Path.Combine(_path, name)}\"", error);

    private static byte[] Bytes(string name) => Encoding.UTF8.GetBytes(name);

    private void Check(int error, string name)
    {
        if (error == 0) return;
        throw error is Errno.ENOSPC or Errno.EDQUOT
            ? TareException.Internal($"there is no room for the volume {name}: no space left on device; free some space in the data root and try again")
            : new LinuxException($"make or change \"{Path.Combine(_path, name)}\"", error);
    }
}

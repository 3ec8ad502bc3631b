using Tare.Errors;
using Tare.Images.Layers.Recipes;
using Tare.Linux;
using Tare.Oci.Archives;

namespace Tare.Images.Layers;

/// <summary>
/// Extracts a layer's archive to an overlay directory: whiteouts become what overlayfs understands, everything else becomes what
/// the archive says, to the nanosecond and the attribute.
/// </summary>
/// <remarks>
/// Directories are made with mode 0700 and get their attributes at the end: until then neither a set-group-id bit nor a default
/// ACL nor a missing write permission of one bears on what is made in it, and its time is not changed by that.
/// </remarks>
internal sealed class LayerExtractor : IDisposable
{
    private const int DraftDirectoryMode = 0x1C0;
    private const int PermissionMask = 0xFFF;
    private const int PlainPermissionMask = 0x1FF;

    private static readonly int Umask = ReadUmask();

    private readonly LayerTree _tree;
    private readonly string _layer;
    private readonly RecipeSource _source;
    private readonly RecipeWriter _recipe;
    private readonly Attic _attic;
    private readonly WhiteoutWriter _whiteouts;
    private readonly List<(byte[] Path, TarEntry Entry)> _directories = [];
    private byte[] _parentPath = [];
    private bool _replaced;

    /// <param name="root">The directory to fill.</param>
    /// <param name="folder">The layer's own folder, for what its recipe needs.</param>
    /// <param name="source">The archive, uncompressed.</param>
    /// <param name="recipe">Gets all that is needed to make the archive again.</param>
    /// <param name="overlay">Whether the directory must do for overlayfs.</param>
    /// <param name="layer">What to call it in messages.</param>
    internal LayerExtractor(Fd root, Fd folder, ByteSource source, RecipeWriter recipe, bool overlay, string layer)
    {
        _tree = new LayerTree(root);
        _layer = layer;
        _recipe = recipe;
        _source = new RecipeSource(source, recipe);
        _attic = new Attic(folder);
        _whiteouts = new WhiteoutWriter(folder, overlay);
    }

    /// <summary>Bytes of content, as Docker counts them: regular files once each, and the targets of symbolic links.</summary>
    internal long Size { get; private set; }

    /// <summary>Extended attributes that the file system does not know and that were left out.</summary>
    internal int SkippedAttributes { get; private set; }

    /// <summary>Bytes of the archive.</summary>
    internal long ArchiveLength => _source.Position;

    /// <summary>Whether the archive had its end marker.</summary>
    internal bool HasEndMarker { get; private set; }

    /// <summary>Extracts all entries and reads the archive to its end.</summary>
    /// <exception cref="TareException">The archive is malformed, or the file system refuses.</exception>
    internal void Extract(CancellationToken cancellationToken)
    {
        var archive = new TarReader(_source, $"layer {_layer}");
        while (archive.Next() is { } entry)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Extract(archive, entry);
        }

        archive.Finish(allowAnything: true);
        HasEndMarker = archive.HasEndMarker;
        _recipe.Finish(_source.Position);
        foreach (var (path, entry) in _directories)
        {
            _tree.NextEntry();
            FinishDirectory(path, entry);
        }

        if (_replaced) Size = TreeSize.Of(_tree.Root);
    }

    public void Dispose()
    {
        _tree.Dispose();
        _attic.Dispose();
    }

    private void Extract(TarReader archive, TarEntry entry)
    {
        _tree.NextEntry();
        var path = EntryPath.Clean(entry.Name, "the entry");
        // The root's own attributes are not taken from layers; Docker does not do it either.
        if (path.Length == 0) return;
        var (parentPath, nameMemory) = EntryPath.Split(path);
        var name = nameMemory.Span;
        var parent = _tree.Directory(parentPath.Span);
        _parentPath = _tree.RealPath;

        if (name.StartsWith(Whiteouts.Prefix))
        {
            _whiteouts.Apply(parent, name, path);
            return;
        }

        switch (entry.Type)
        {
            case TarEntryType.RegularFile:
                ExtractFile(archive, entry, parent, name, path);
                break;
            case TarEntryType.Directory:
                ExtractDirectory(entry, parent, name, path);
                break;
            case TarEntryType.SymbolicLink:
                Create(parent, name, path, FileSystem.MakeSymbolicLink(entry.LinkName, parent, name), () => FileSystem.MakeSymbolicLink(entry.LinkName, parent, nameMemory.Span));
                Size += entry.LinkName.Length;
                SetAttributes(parent, name, entry, path);
                break;
            case TarEntryType.HardLink:
                ExtractHardLink(entry, parent, nameMemory, path);
                break;
            case TarEntryType.CharacterDevice when entry is { DeviceMajor: 0, DeviceMinor: 0 }:
                // What overlayfs takes for a whiteout is one.
                Create(parent, name, path, _whiteouts.Hide(parent, name), () => _whiteouts.Hide(parent, nameMemory.Span));
                break;
            case TarEntryType.CharacterDevice:
                ExtractNode(entry, FileSystem.TypeCharacterDevice, parent, nameMemory, path);
                break;
            case TarEntryType.BlockDevice:
                ExtractNode(entry, FileSystem.TypeBlockDevice, parent, nameMemory, path);
                break;
            case TarEntryType.Fifo:
                ExtractNode(entry, FileSystem.TypeFifo, parent, nameMemory, path);
                break;
            default:
                throw TareException.Invalid($"layer {_layer} has the entry \"{entry.DisplayName}\" of type {(int)entry.Type}, which is unknown");
        }
    }

    private void ExtractFile(TarReader archive, TarEntry entry, Fd parent, ReadOnlySpan<byte> name, byte[] path)
    {
        var flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | Paths.NoFollow;
        var mode = entry.Mode & PlainPermissionMask;
        var file = BytePaths.TryOpen(parent, name, flags, mode, out var error);
        if (error == Errno.EEXIST)
        {
            Replace(parent, name);
            file = BytePaths.TryOpen(parent, name, flags, mode, out error);
        }

        if (file is null) throw ExtractionFailure.Of(path, error);
        using (file)
        {
            _source.BeginContent(LayerTree.Join(_parentPath, name), entry.StoredSize, entry.Extents);
            WriteContent(archive, entry, file, path);
            _source.EndContent();
            SetOwner(file, default, entry, path);
            SetExtendedAttributes(file, default, entry, path);
            // Only now: a change of owner or content takes the set-user-id bit away.
            if ((entry.Mode & PermissionMask) != (mode & ~Umask)) Check(NodeAttributes.SetMode(file, entry.Mode & PermissionMask), path);
            Check(NodeAttributes.SetTime(file, default, entry.ModifiedAt.Seconds, entry.ModifiedAt.Nanoseconds), path);
        }

        Size += entry.Size;
    }

    private static void WriteContent(TarReader archive, TarEntry entry, Fd file, byte[] path)
    {
        if (entry.Extents is null)
        {
            long position = 0;
            for (var piece = archive.ReadContent(); !piece.IsEmpty; piece = archive.ReadContent())
            {
                Check(FileContent.WriteAt(file, piece, position), path);
                position += piece.Length;
            }

            return;
        }

        var next = ReadOnlySpan<byte>.Empty;
        foreach (var (offset, length) in entry.Extents)
        {
            for (long done = 0; done < length;)
            {
                if (next.IsEmpty) next = archive.ReadContent();
                var count = (int)Math.Min(next.Length, length - done);
                Check(FileContent.WriteAt(file, next[..count], offset + done), path);
                next = next[count..];
                done += count;
            }
        }

        Check(FileContent.SetLength(file, entry.Size), path);
    }

    private void ExtractDirectory(TarEntry entry, Fd parent, ReadOnlySpan<byte> name, byte[] path)
    {
        var error = FileSystem.MakeDirectory(parent, name, DraftDirectoryMode);
        if (error == Errno.EEXIST)
        {
            Check(NodeAttributes.Read(parent, name, out var existing), path);
            // Two entries of one directory are merged; the later one's attributes count.
            error = 0;
            if (existing.Type != FileSystem.TypeDirectory)
            {
                var hides = Whiteouts.IsWhiteout(existing);
                Replace(parent, name);
                error = FileSystem.MakeDirectory(parent, name, DraftDirectoryMode);
                if (error == 0 && hides) _whiteouts.MakeOpaque(parent, name, path);
            }
        }

        Check(error, path);
        _directories.Add((path, entry));
    }

    private void ExtractHardLink(TarEntry entry, Fd parent, ReadOnlyMemory<byte> name, byte[] path)
    {
        if (entry.LinkName.Length == 0) throw TareException.Invalid($"the hard link \"{entry.DisplayName}\" has no target");
        var target = EntryPath.Clean(entry.LinkName, "the hard link's target");
        var (targetParentPath, targetName) = EntryPath.Split(target);
        var targetParent = _tree.Find(targetParentPath.Span, out var error);
        // A mark of ours is no file of the archive's.
        if (targetName.Span.StartsWith(Whiteouts.Prefix)) error = Errno.ENOENT;
        else if (targetParent is not null)
        {
            error = FileSystem.MakeHardLink(targetParent, targetName.Span, parent, name.Span);
            if (error == Errno.EEXIST)
            {
                Replace(parent, name.Span);
                error = FileSystem.MakeHardLink(targetParent, targetName.Span, parent, name.Span);
            }
        }

        if (error is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw TareException.Invalid(
                $"the hard link \"{entry.DisplayName}\" leads to \"{System.Text.Encoding.UTF8.GetString(entry.LinkName)}\", which is not in the layer before it");
        }

        // The kernel's answer for a directory, link(2).
        if (error == Errno.EPERM) throw TareException.Invalid($"the hard link \"{entry.DisplayName}\" leads to \"{System.Text.Encoding.UTF8.GetString(entry.LinkName)}\", which is a directory");
        Check(error, path);
        SetAttributes(parent, name.Span, entry, path);
        Check(NodeAttributes.Read(parent, name.Span, out var status), path);
        if (status.Type != FileSystem.TypeSymbolicLink)
        {
            Check(NodeAttributes.SetMode(parent, name.Span, entry.Mode & PermissionMask), path);
        }
    }

    private void ExtractNode(TarEntry entry, int type, Fd parent, ReadOnlyMemory<byte> name, byte[] path)
    {
        var mode = type | (entry.Mode & PermissionMask);
        int Make() => FileSystem.MakeNode(parent, name.Span, mode, entry.DeviceMajor, entry.DeviceMinor);
        Create(parent, name.Span, path, Make(), Make);
        SetOwner(parent, name.Span, entry, path);
        SetExtendedAttributes(parent, name.Span, entry, path);
        Check(NodeAttributes.SetMode(parent, name.Span, entry.Mode & PermissionMask), path);
        Check(NodeAttributes.SetTime(parent, name.Span, entry.ModifiedAt.Seconds, entry.ModifiedAt.Nanoseconds), path);
    }

    private void FinishDirectory(byte[] path, TarEntry entry)
    {
        var (parentPath, name) = EntryPath.Split(path);
        var parent = _tree.Find(parentPath.Span, out _);
        using var directory = parent is null ? null : BytePaths.TryOpenDirectory(parent, name.Span, out _);
        // A later entry has replaced it.
        if (directory is null) return;
        SetOwner(directory, default, entry, path);
        SetExtendedAttributes(directory, default, entry, path);
        Check(NodeAttributes.SetMode(directory, entry.Mode & PermissionMask), path);
        Check(NodeAttributes.SetTime(directory, default, entry.ModifiedAt.Seconds, entry.ModifiedAt.Nanoseconds), path);
    }

    private void SetAttributes(Fd parent, ReadOnlySpan<byte> name, TarEntry entry, byte[] path)
    {
        SetOwner(parent, name, entry, path, always: entry.Type == TarEntryType.HardLink);
        SetExtendedAttributes(parent, name, entry, path);
        Check(NodeAttributes.SetTime(parent, name, entry.ModifiedAt.Seconds, entry.ModifiedAt.Nanoseconds), path);
    }

    // What we make belongs to root, for the directories around it have no set-group-id bit yet.
    private static void SetOwner(Fd directory, ReadOnlySpan<byte> name, TarEntry entry, byte[] path, bool always = false)
    {
        if (entry.Uid is < 0 or >= uint.MaxValue || entry.Gid is < 0 or >= uint.MaxValue)
            throw TareException.Invalid($"\"{entry.DisplayName}\" belongs to {entry.Uid}:{entry.Gid}, which Linux cannot represent");
        if (always || entry.Uid != 0 || entry.Gid != 0) Check(NodeAttributes.SetOwner(directory, name, (uint)entry.Uid, (uint)entry.Gid), path);
    }

    private void SetExtendedAttributes(Fd directory, ReadOnlySpan<byte> name, TarEntry entry, byte[] path)
    {
        foreach (var attribute in entry.Attributes)
        {
            // Overlayfs believes these: an archive must not be able to redirect it.
            if (attribute.Name.AsSpan().StartsWith("trusted.overlay."u8) || attribute.Name.AsSpan().StartsWith("user.overlay."u8)) continue;
            var error = ExtendedAttributes.Set(directory, name, attribute.Name, attribute.Value);
            if (error is Errno.EOPNOTSUPP or Errno.EPERM) SkippedAttributes++;
            else Check(error, path);
        }
    }

    private void Create(Fd parent, ReadOnlySpan<byte> name, byte[] path, int error, Func<int> again)
    {
        if (error == Errno.EEXIST)
        {
            Replace(parent, name);
            error = again();
        }

        Check(error, path);
    }

    private void Replace(Fd parent, ReadOnlySpan<byte> name)
    {
        _replaced = true;
        // Its content is in the archive all the same.
        _attic.Take(parent, name, LayerTree.Join(_parentPath, name), _recipe.Contents);
        _tree.Forget();
    }

    private static void Check(int error, ReadOnlySpan<byte> path)
    {
        if (error != 0) throw ExtractionFailure.Of(path, error);
    }

    private static int ReadUmask()
    {
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("Umask:", StringComparison.Ordinal)) return Convert.ToInt32(line["Umask:".Length..].Trim(), 8);
        }

        // Without the line every bit may be missing, and modes are always set.
        return PlainPermissionMask;
    }
}

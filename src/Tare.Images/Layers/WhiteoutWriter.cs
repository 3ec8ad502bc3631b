using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Images.Layers;

/// <summary>Makes what hides in a layer that is being extracted, all in one form; see <see cref="Whiteouts"/>.</summary>
/// <param name="folder">The layer's own folder.</param>
/// <param name="overlay">Whether the layer must do for overlayfs: then there are no marks, and what would need one is refused.</param>
internal sealed class WhiteoutWriter(Fd folder, bool overlay)
{
    private const int MarkMode = 0x180;

    private bool? _marks;

    private static ReadOnlySpan<byte> Trial => "trial"u8;

    /// <summary>Carries out an entry whose name starts with <see cref="Whiteouts.Prefix"/>.</summary>
    /// <param name="parent">The entry's directory.</param>
    /// <param name="name">Its name.</param>
    /// <param name="path">Its path, for messages.</param>
    internal void Apply(Fd parent, ReadOnlySpan<byte> name, byte[] path)
    {
        if (name.SequenceEqual(Whiteouts.Opaque))
        {
            MakeOpaque(parent, default, path);
            return;
        }

        if (Whiteouts.IsOfAufs(name)) return;
        var hidden = name[Whiteouts.Prefix.Length..];
        if (hidden.IsEmpty || hidden.SequenceEqual("."u8) || hidden.SequenceEqual(".."u8))
            throw TareException.Invalid($"the whiteout \"{Encoding.UTF8.GetString(path)}\" names nothing");

        var error = Hide(parent, hidden);
        if (error == Errno.EEXIST)
        {
            // A whiteout hides what is in the layers below; what this layer itself brings under the name stays.
            error = NodeAttributes.Read(parent, hidden, out var existing);
            if (error == 0 && existing.Type == FileSystem.TypeDirectory) MakeOpaque(parent, hidden, path);
        }

        if (error != 0) throw ExtractionFailure.Of(path, error);
    }

    /// <summary>Makes a name hide itself in the layers below; <see cref="Errno.EEXIST"/> when the layer has it.</summary>
    internal int Hide(Fd parent, ReadOnlySpan<byte> name)
    {
        if (!UsesMarks()) return FileSystem.MakeNode(parent, name, FileSystem.TypeCharacterDevice, 0, 0);
        return NodeAttributes.Read(parent, name, out _) == 0 ? Errno.EEXIST : Touch(parent, [.. Whiteouts.Prefix, .. name]);
    }

    /// <summary>Makes a directory hide all that is in its namesakes below. An empty name means the descriptor itself.</summary>
    internal void MakeOpaque(Fd directory, ReadOnlySpan<byte> name, byte[] path)
    {
        int error;
        if (UsesMarks())
        {
            using var place = BytePaths.TryOpenDirectory(directory, name.IsEmpty ? "."u8 : name, out error);
            if (place is not null) error = Touch(place, Whiteouts.Opaque);
        }
        else
        {
            error = ExtendedAttributes.Set(directory, name, Whiteouts.OpaqueAttribute, "y"u8);
            if (error is Errno.EPERM or Errno.EOPNOTSUPP)
                throw TareException.Internal($"\"{Encoding.UTF8.GetString(path)}\" cannot be made opaque: {Errno.Describe(error)}; the data root must be on a file system with trusted attributes, and tare must run as root");
        }

        if (error != 0) throw ExtractionFailure.Of(path, error);
    }

    /// <summary>
    /// Whether the layer has marks: where overlayfs is not to use it and its own forms cannot be had. Noted before the first one is made,
    /// for a mark that nobody looks for would be a file.
    /// </summary>
    private bool UsesMarks()
    {
        if (_marks is { } known) return known;
        if (overlay || TakesOverlayForms()) return (_marks = false).Value;
        if (Touch(folder, Encoding.ASCII.GetBytes(Whiteouts.MarksFile)) is not 0 and var error) throw ExtractionFailure.Of(Encoding.ASCII.GetBytes(Whiteouts.MarksFile), error);
        return (_marks = true).Value;
    }

    private bool TakesOverlayForms()
    {
        if (FileSystem.MakeNode(folder, Trial, FileSystem.TypeCharacterDevice, 0, 0) != 0) return false;
        FileSystem.Remove(folder, Trial);
        if (FileSystem.MakeDirectory(folder, Trial, MarkMode) != 0) return false;
        var error = ExtendedAttributes.Set(folder, Trial, Whiteouts.OpaqueAttribute, "y"u8);
        FileSystem.RemoveDirectory(folder, Trial);
        return error == 0;
    }

    private static int Touch(Fd directory, ReadOnlySpan<byte> name)
    {
        using var file = BytePaths.TryOpen(directory, name, OpenFlags.WriteOnly | OpenFlags.Create | Paths.NoFollow, MarkMode, out var error);
        return error;
    }
}

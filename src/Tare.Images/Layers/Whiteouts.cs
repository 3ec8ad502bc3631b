using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Images.Layers;

/// <summary>
/// What a layer hides in the layers below it: in archives as OCI's image-spec has it (layer.md, "Whiteouts"), in directories as
/// overlayfs has it (a 0/0 character device, or the attribute of an opaque directory).
/// </summary>
internal static class Whiteouts
{
    internal static ReadOnlySpan<byte> Prefix => ".wh."u8;

    internal static ReadOnlySpan<byte> Opaque => ".wh..wh..opq"u8;

    private static ReadOnlySpan<byte> AufsPrefix => ".wh..wh."u8;

    internal static ReadOnlySpan<byte> OpaqueAttribute => "trusted.overlay.opaque"u8;

    /// <summary>Carries out an entry whose name starts with <see cref="Prefix"/>.</summary>
    /// <param name="tree">The layer.</param>
    /// <param name="parent">The entry's directory.</param>
    /// <param name="name">Its name.</param>
    /// <param name="path">Its path, for messages.</param>
    internal static void Apply(LayerTree tree, Fd parent, ReadOnlySpan<byte> name, byte[] path)
    {
        if (name.SequenceEqual(Opaque))
        {
            MakeOpaque(parent, default, path);
            return;
        }

        // What aufs kept in its layers means nothing elsewhere.
        if (name.StartsWith(AufsPrefix)) return;
        var hidden = name[Prefix.Length..];
        if (hidden.IsEmpty || hidden.SequenceEqual("."u8) || hidden.SequenceEqual(".."u8))
            throw TareException.Invalid($"the whiteout \"{Encoding.UTF8.GetString(path)}\" names nothing");

        var error = FileSystem.MakeNode(parent, hidden, FileSystem.TypeCharacterDevice, 0, 0);
        if (error == Errno.EEXIST)
        {
            // A whiteout hides what is in the layers below; what this layer itself brings under the name stays.
            error = NodeAttributes.Read(parent, hidden, out var existing);
            if (error == 0 && existing.Type == FileSystem.TypeDirectory) MakeOpaque(parent, hidden, path);
        }

        if (error != 0) throw ExtractionFailure.Of(path, error);
    }

    /// <summary>Whether a node hides the name below.</summary>
    internal static bool IsWhiteout(in NodeStatus status) =>
        status is { Type: FileSystem.TypeCharacterDevice, DeviceMajor: 0, DeviceMinor: 0 };

    /// <summary>Makes a directory hide all that is in its namesakes below. An empty name means the descriptor itself.</summary>
    internal static void MakeOpaque(Fd directory, ReadOnlySpan<byte> name, byte[] path)
    {
        var error = ExtendedAttributes.Set(directory, name, OpaqueAttribute, "y"u8);
        if (error is Errno.EPERM or Errno.EOPNOTSUPP)
            throw TareException.Internal($"\"{Encoding.UTF8.GetString(path)}\" cannot be made opaque: {Errno.Describe(error)}; the data root must be on a file system with trusted attributes, and tare must run as root");
        if (error != 0) throw ExtractionFailure.Of(path, error);
    }
}

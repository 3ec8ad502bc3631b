using Tare.Linux;

namespace Tare.Images.Layers;

/// <summary>How a directory hides what is in the directories below it.</summary>
internal enum HidingForm
{
    /// <summary>As overlayfs does: by 0/0 character devices, and by the attribute of opaque directories.</summary>
    Devices = 0,

    /// <summary>As overlayfs does, and by marks: empty files with the names that archives have for it.</summary>
    Marks,

    /// <summary>It hides nothing: everything in it is what it is.</summary>
    None,
}

/// <summary>
/// What a layer hides in the layers below it: in archives as OCI's image-spec has it (layer.md, "Whiteouts"), in directories as
/// overlayfs has it (a 0/0 character device, or the attribute of an opaque directory), or where the filesystem takes neither as
/// in archives: an overlay refuses such devices, others such attributes. No layer has files of those names for another reason.
/// </summary>
internal static class Whiteouts
{
    /// <summary>Lies beside the directory of a layer that has marks.</summary>
    internal const string MarksFile = "marks";

    internal static ReadOnlySpan<byte> Prefix => ".wh."u8;

    internal static ReadOnlySpan<byte> Opaque => ".wh..wh..opq"u8;

    internal static ReadOnlySpan<byte> OpaqueAttribute => "trusted.overlay.opaque"u8;

    private static ReadOnlySpan<byte> AufsPrefix => ".wh..wh."u8;

    /// <summary>Whether a name is one that aufs kept in its layers, and that means nothing elsewhere.</summary>
    internal static bool IsOfAufs(ReadOnlySpan<byte> name) => name.StartsWith(AufsPrefix) && !name.SequenceEqual(Opaque);

    /// <summary>How a layer's directory, or an upper directory, hides.</summary>
    /// <param name="directory">An absolute path of the data root.</param>
    internal static HidingForm FormOf(string directory) =>
        File.Exists(Path.Combine(Path.GetDirectoryName(directory)!, MarksFile)) ? HidingForm.Marks : HidingForm.Devices;

    /// <summary>Whether a node hides its name below.</summary>
    internal static bool IsWhiteout(in NodeStatus status, HidingForm form = HidingForm.Devices) =>
        form != HidingForm.None && status is { Type: FileSystem.TypeCharacterDevice, DeviceMajor: 0, DeviceMinor: 0 };

    /// <summary>Whether a directory hides all that is in its namesakes below.</summary>
    internal static bool IsOpaque(Fd directory, HidingForm form) =>
        form != HidingForm.None
        && (ExtendedAttributes.Get(directory, default, OpaqueAttribute) is [(byte)'y'] || (form == HidingForm.Marks && IsFile(directory, Opaque)));

    /// <summary>Whether a name is a mark, and nothing of the layer's own.</summary>
    internal static bool IsMark(ReadOnlySpan<byte> name, in NodeStatus status, HidingForm form) =>
        form == HidingForm.Marks && status.Type == FileSystem.TypeRegular && name.StartsWith(Prefix);

    /// <summary>The name that a mark hides; <see langword="null"/> when it marks its directory.</summary>
    internal static byte[]? HiddenBy(ReadOnlySpan<byte> mark) => mark.StartsWith(AufsPrefix) ? null : mark[Prefix.Length..].ToArray();

    /// <summary>Whether there is a mark that hides a name.</summary>
    internal static bool HasMark(Fd directory, ReadOnlySpan<byte> name) => IsFile(directory, [.. Prefix, .. name]);

    private static bool IsFile(Fd directory, ReadOnlySpan<byte> name) =>
        NodeAttributes.Read(directory, name, out var status) == 0 && status.Type == FileSystem.TypeRegular;
}

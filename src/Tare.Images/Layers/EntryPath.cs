using System.Text;
using Tare.Errors;

namespace Tare.Images.Layers;

/// <summary>Names of a layer's entries: cleaned as Docker cleans them, and refused when they lead out of the layer.</summary>
internal static class EntryPath
{
    /// <summary>
    /// The path from the layer's root without empty, <c>.</c> and <c>..</c> parts and without a slash at its ends; empty for the
    /// root itself. An absolute path starts at the root and cannot leave it.
    /// </summary>
    /// <exception cref="TareException">It leads out of the layer, or is too long.</exception>
    internal static byte[] Clean(byte[] name, string what)
    {
        if (IsClean(name)) return name.Length > 0 && name[^1] == '/' ? name[..^1] : name;
        var parts = new List<Range>();
        var absolute = name[0] == '/';
        foreach (var range in name.AsSpan().Split((byte)'/'))
        {
            var part = name.AsSpan(range);
            if (part.IsEmpty || part.SequenceEqual("."u8)) continue;
            if (!part.SequenceEqual(".."u8))
            {
                parts.Add(range);
            }
            else if (parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (!absolute)
            {
                throw TareException.Invalid($"{what} \"{Encoding.UTF8.GetString(name)}\" leads outside of the layer; the archive is not safe and was refused");
            }
        }

        var clean = new byte[parts.Sum(range => range.GetOffsetAndLength(name.Length).Length + 1) is var total and > 0 ? total - 1 : 0];
        var length = 0;
        foreach (var range in parts)
        {
            if (length > 0) clean[length++] = (byte)'/';
            var part = name.AsSpan(range);
            part.CopyTo(clean.AsSpan(length));
            length += part.Length;
        }

        return clean;
    }

    /// <summary>Splits a clean path at its last slash.</summary>
    internal static (ReadOnlyMemory<byte> Parent, ReadOnlyMemory<byte> Name) Split(byte[] path)
    {
        var slash = path.AsSpan().LastIndexOf((byte)'/');
        return slash < 0 ? (default, path) : (path.AsMemory(0, slash), path.AsMemory(slash + 1));
    }

    // Most names are clean but for a directory's slash at the end.
    private static bool IsClean(byte[] name)
    {
        if (name[0] == '/') return false;
        var start = 0;
        for (var i = 0; i <= name.Length; i++)
        {
            if (i < name.Length && name[i] != '/') continue;
            var length = i - start;
            if (length == 0 && !(i == name.Length && start > 0)) return false;
            if (length <= 2 && length > 0 && name[start] == '.' && (length == 1 || name[start + 1] == '.')) return false;
            start = i + 1;
        }

        return true;
    }
}

namespace Tare.Networks.Dns.Messages;

/// <summary>
/// Names between their form in messages and text (RFC 1035 sections 3.1, 4.1.4, 5.1). Text has no dot at its end, the root is empty, and
/// what is no printable ASCII, a dot in a label or a backslash stands as <c>\DDD</c>. Names are read in lower case, as they compare (RFC 4343).
/// </summary>
public static class DnsName
{
    /// <summary>Bytes of the longest name in a message, with its lengths and its end.</summary>
    public const int MaxSize = 255;

    /// <summary>Bytes of the longest label.</summary>
    public const int MaxLabel = 63;

    private const int PointerBits = 0xC0;

    /// <summary>Reads a name at an offset, which is moved behind it; false when it is malformed.</summary>
    /// <remarks>
    /// A pointer has to lead to before the labels that it ends (section 4.1.4: "a prior occurrence"): each one goes back, so that there is
    /// no circle, and none leads into the header.
    /// </remarks>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int offset, out string name)
    {
        name = "";
        Span<char> text = stackalloc char[MaxSize * 4];
        int used = 0, size = 1, at = offset, start = offset, end = -1;
        while (true)
        {
            if ((uint)at >= (uint)message.Length) return false;
            int length = message[at++];
            if (length == 0) break;
            if ((length & PointerBits) == PointerBits)
            {
                if (at >= message.Length) return false;
                var target = ((length & ~PointerBits) << 8) | message[at++];
                if (end < 0) end = at;
                if (target >= start || target < DnsHeader.Size) return false;
                at = start = target;
                continue;
            }
            size += length + 1;
            if (length > MaxLabel || size > MaxSize || at + length > message.Length) return false;
            if (used > 0) text[used++] = '.';
            used += Print(message.Slice(at, length), text[used..]);
            at += length;
        }
        offset = end < 0 ? at : end;
        name = used == 0 ? "" : new string(text[..used]);
        return true;
    }

    /// <summary>Moves an offset behind a name, without looking at what its pointer leads to; false when it is malformed.</summary>
    public static bool TrySkip(ReadOnlySpan<byte> message, ref int offset)
    {
        for (var at = offset; at < message.Length;)
        {
            int length = message[at++];
            if (length == 0)
            {
                offset = at;
                return true;
            }
            if ((length & PointerBits) == PointerBits)
            {
                offset = at + 1;
                return at < message.Length;
            }
            if (length > MaxLabel) return false;
            at += length;
        }
        return false;
    }

    /// <summary>Writes a name without compression; false when a label or the whole is too long, empty labels stand between dots, or there is no room.</summary>
    public static bool TryWrite(ReadOnlySpan<char> name, Span<byte> destination, out int size)
    {
        size = 0;
        if (destination.Length > MaxSize) destination = destination[..MaxSize];
        if (destination.IsEmpty) return false;
        int used = 1, label = 0;
        for (var i = 0; i < name.Length; i++)
        {
            var character = name[i];
            if (character == '.')
            {
                if (!CloseLabel(destination, label, used)) return false;
                label = used++;
                if (used > destination.Length) return false;
                continue;
            }
            if (character == '\\' && !TryUnescape(name, ref i, out character)) return false;
            if (character > 0xFF || used >= destination.Length) return false;
            destination[used++] = (byte)character;
        }
        if (name.Length > 0)
        {
            if (!CloseLabel(destination, label, used) || used >= destination.Length) return false;
            label = used++;
        }
        destination[label] = 0;
        size = used;
        return true;
    }

    private static bool CloseLabel(Span<byte> destination, int label, int used)
    {
        var length = used - label - 1;
        if (length is 0 or > MaxLabel) return false;
        destination[label] = (byte)length;
        return true;
    }

    private static bool TryUnescape(ReadOnlySpan<char> name, ref int i, out char character)
    {
        character = '\0';
        if (i + 3 >= name.Length || !byte.TryParse(name.Slice(i + 1, 3), System.Globalization.NumberStyles.None, null, out var value)) return false;
        character = (char)value;
        i += 3;
        return true;
    }

    private static int Print(ReadOnlySpan<byte> label, Span<char> text)
    {
        var used = 0;
        foreach (var value in label)
        {
            if (value is > 0x20 and < 0x7F and not (byte)'.' and not (byte)'\\')
            {
                text[used++] = char.ToLowerInvariant((char)value);
                continue;
            }
            text[used++] = '\\';
            text[used++] = (char)('0' + (value / 100));
            text[used++] = (char)('0' + (value / 10 % 10));
            text[used++] = (char)('0' + (value % 10));
        }
        return used;
    }
}

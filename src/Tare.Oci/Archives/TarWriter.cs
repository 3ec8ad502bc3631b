using System.Globalization;
using System.Text;

namespace Tare.Oci.Archives;

/// <summary>
/// Writes tar archives: ustar, with a pax header for what does not fit into it. The same entries make the same bytes, always. For
/// one thread. Nothing is buffered: give it a buffered stream.
/// </summary>
public sealed class TarWriter(Stream target)
{
    private const int BlockLength = TarHeader.BlockLength;
    private const int NameLength = 100;
    private const int PrefixLength = 155;
    private const int OwnerLength = 8;
    private const int SizeLength = 12;

    private static readonly byte[] Zeros = new byte[BlockLength];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes an entry with its content.</summary>
    public void Write(TarEntry entry, ReadOnlySpan<byte> content = default)
    {
        if (content.Length != entry.Size) throw new ArgumentException($"the entry has {entry.Size} bytes, not {content.Length}", nameof(content));
        WriteHeader(entry);
        target.Write(content);
        WritePadding(entry.Size);
    }

    /// <summary>Writes an entry and copies its content from a stream.</summary>
    /// <exception cref="EndOfStreamException">The stream is shorter than the entry says.</exception>
    public void Write(TarEntry entry, Stream content)
    {
        WriteHeader(entry);
        var buffer = new byte[128 * 1024];
        for (var left = entry.Size; left > 0;)
        {
            var count = content.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (count == 0) throw new EndOfStreamException($"\"{entry.DisplayName}\" has become shorter while it was archived");
            target.Write(buffer, 0, count);
            left -= count;
        }

        WritePadding(entry.Size);
    }

    /// <summary>Writes an entry's header alone. The caller writes <see cref="TarEntry.Size"/> bytes to the stream, and then <see cref="EndContent"/>.</summary>
    public void BeginContent(TarEntry entry) => WriteHeader(entry);

    /// <summary>Ends the content of an entry that was begun with <see cref="BeginContent"/>.</summary>
    public void EndContent(TarEntry entry) => WritePadding(entry.Size);

    /// <summary>Writes the end marker.</summary>
    public void Finish()
    {
        target.Write(Zeros);
        target.Write(Zeros);
    }

    private void WriteHeader(TarEntry entry)
    {
        if (entry.Extents is not null) throw new ArgumentException("sparse files are not written", nameof(entry));
        var records = PaxOf(entry);
        if (records.Length > 0)
        {
            var name = Encoding.ASCII.GetBytes("PaxHeaders.0/").Concat(LastPart(entry.Name)).Take(NameLength).ToArray();
            WriteBlock(new TarEntry { Type = (TarEntryType)'x', Name = name, Size = records.Length, Mode = 0x1A4 }, name, []);
            target.Write(records);
            WritePadding(records.Length);
        }

        var (prefix, rest) = Split(entry.Name) ?? ([], entry.Name[..Math.Min(NameLength, entry.Name.Length)]);
        WriteBlock(entry, rest, prefix);
    }

    private void WriteBlock(TarEntry entry, byte[] name, byte[] prefix)
    {
        Span<byte> block = stackalloc byte[BlockLength];
        block.Clear();
        name.CopyTo(block[TarHeader.Name]);
        TarHeader.WriteNumber(block[TarHeader.Mode], entry.Mode);
        TarHeader.WriteNumber(block[TarHeader.Uid], Fitting(entry.Uid, OwnerLength));
        TarHeader.WriteNumber(block[TarHeader.Gid], Fitting(entry.Gid, OwnerLength));
        TarHeader.WriteNumber(block[TarHeader.Size], Fitting(entry.Size, SizeLength));
        TarHeader.WriteNumber(block[TarHeader.ModifiedAt], Fitting(entry.ModifiedAt.Seconds, SizeLength));
        block[TarHeader.Type] = (byte)entry.Type;
        entry.LinkName.AsSpan(0, Math.Min(NameLength, entry.LinkName.Length)).CopyTo(block[TarHeader.LinkName]);
        "ustar\000"u8.CopyTo(block[TarHeader.Magic]);
        Short(entry.UserName).CopyTo(block[TarHeader.UserName]);
        Short(entry.GroupName).CopyTo(block[TarHeader.GroupName]);
        TarHeader.WriteNumber(block[TarHeader.DeviceMajor], entry.DeviceMajor);
        TarHeader.WriteNumber(block[TarHeader.DeviceMinor], entry.DeviceMinor);
        prefix.CopyTo(block[TarHeader.Prefix]);
        var sum = TarHeader.Sums(block).Unsigned;
        // Six digits, a NUL and a space, as the format's first writer did.
        TarHeader.WriteNumber(block[TarHeader.Checksum][..7], sum);
        block[TarHeader.Checksum][7] = (byte)' ';
        target.Write(block);
    }

    /// <summary>What the pax header has to say instead; a number that does not fit is 0 in the block.</summary>
    private static byte[] PaxOf(TarEntry entry)
    {
        var records = new List<(byte[] Key, byte[] Value)>();
        if (Split(entry.Name) is null) records.Add(("path"u8.ToArray(), entry.Name));
        if (entry.LinkName.Length > NameLength) records.Add(("linkpath"u8.ToArray(), entry.LinkName));
        if (!TarHeader.FitsOctal(entry.Size, SizeLength)) records.Add(Number("size", entry.Size));
        if (!TarHeader.FitsOctal(entry.Uid, OwnerLength)) records.Add(Number("uid", entry.Uid));
        if (!TarHeader.FitsOctal(entry.Gid, OwnerLength)) records.Add(Number("gid", entry.Gid));
        if (entry.UserName.Length > Short(entry.UserName).Length) records.Add(("uname"u8.ToArray(), entry.UserName));
        if (entry.GroupName.Length > Short(entry.GroupName).Length) records.Add(("gname"u8.ToArray(), entry.GroupName));
        if (entry.ModifiedAt.Nanoseconds != 0 || !TarHeader.FitsOctal(entry.ModifiedAt.Seconds, SizeLength))
            records.Add(("mtime"u8.ToArray(), Utf8.GetBytes(Format(entry.ModifiedAt))));
        records.AddRange(entry.Attributes.Select(attribute => (Key: (byte[])[.. "SCHILY.xattr."u8, .. attribute.Name], attribute.Value)));
        records.Sort((a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));

        var bytes = new MemoryStream();
        foreach (var (key, value) in records)
        {
            // The length counts its own digits.
            var rest = key.Length + value.Length + 3;
            var length = rest + Digits(rest);
            if (Digits(length) > Digits(rest)) length = rest + Digits(length);
            bytes.Write(Utf8.GetBytes(length.ToString(CultureInfo.InvariantCulture)));
            bytes.WriteByte((byte)' ');
            bytes.Write(key);
            bytes.WriteByte((byte)'=');
            bytes.Write(value);
            bytes.WriteByte((byte)'\n');
        }

        return bytes.ToArray();
    }

    private static (byte[] Key, byte[] Value) Number(string key, long value) =>
        (Utf8.GetBytes(key), Utf8.GetBytes(value.ToString(CultureInfo.InvariantCulture)));

    private static string Format(TarTime time)
    {
        // A fraction counts away from zero, so a time before 1970 with nanoseconds is one second nearer to it.
        var (seconds, nanoseconds) = time.Seconds < 0 && time.Nanoseconds > 0
            ? (time.Seconds + 1, 1_000_000_000 - time.Nanoseconds)
            : (time.Seconds, time.Nanoseconds);
        var sign = time.Seconds < 0 && seconds == 0 ? "-" : "";
        return nanoseconds == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds}")
            : string.Create(CultureInfo.InvariantCulture, $"{sign}{seconds}.{nanoseconds:D9}").TrimEnd('0');
    }

    private static int Digits(int value) => value.ToString(CultureInfo.InvariantCulture).Length;

    private static long Fitting(long value, int length) => TarHeader.FitsOctal(value, length) ? value : 0;

    private static ReadOnlySpan<byte> Short(byte[] name) => name.Length < 32 ? name : default;

    private static IEnumerable<byte> LastPart(byte[] name)
    {
        var end = name.Length > 1 && name[^1] == '/' ? name.Length - 1 : name.Length;
        return name[(name.AsSpan(0, end).LastIndexOf((byte)'/') + 1)..end];
    }

    /// <summary>The name for the block's two fields, or nothing if it does not fit.</summary>
    private static (byte[] Prefix, byte[] Name)? Split(byte[] name)
    {
        if (name.Length <= NameLength) return ([], name);
        for (var slash = Math.Min(PrefixLength, name.Length - 2); slash > 0; slash--)
        {
            if (name[slash] == '/' && name.Length - slash - 1 <= NameLength) return (name[..slash], name[(slash + 1)..]);
        }

        return null;
    }

    private void WritePadding(long size) => target.Write(Zeros, 0, (int)(-size & (BlockLength - 1)));
}

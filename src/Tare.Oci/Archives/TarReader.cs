using Tare.Errors;

namespace Tare.Oci.Archives;

/// <summary>
/// Reads tar archives byte by byte as they are: ustar, pax, GNU and the format before them. For one thread.
/// </summary>
/// <param name="source">The archive, uncompressed.</param>
/// <param name="description">What it is, for messages, such as <c>the archive</c>.</param>
public sealed class TarReader(ByteSource source, string description = "the archive")
{
    /// <summary>The longest pax header and long name, as in Go's archive/tar: nothing real comes near it.</summary>
    private const int MaxSpecialLength = 1024 * 1024;

    private const int BlockLength = TarHeader.BlockLength;

    private readonly byte[] _block = new byte[BlockLength];
    private long _remaining;
    private int _padding;

    /// <summary>Bytes of the archive that were passed.</summary>
    public long Position { get; private set; }

    /// <summary>Whether the archive's end marker was found, once <see cref="Next"/> has returned nothing.</summary>
    public bool HasEndMarker { get; private set; }

    /// <summary>Whether content starts as an archive does: with a header, or with the end marker of an empty archive.</summary>
    public static bool LooksLikeTar(ReadOnlySpan<byte> start)
    {
        if (start.Length < BlockLength) return false;
        var block = start[..BlockLength];
        return TarHeader.HasValidChecksum(block) || !block.ContainsAnyExcept((byte)0);
    }

    /// <summary>Passes what is left of the current entry and reads the next one; <see langword="null"/> at the archive's end.</summary>
    /// <exception cref="TareException">The archive is malformed or truncated.</exception>
    public TarEntry? Next()
    {
        PaxRecords? pax = null;
        byte[]? longName = null;
        byte[]? longLink = null;
        while (true)
        {
            Skip(_remaining + _padding);
            _remaining = _padding = 0;
            if (!ReadHeader())
            {
                if (pax is not null || longName is not null || longLink is not null) throw Truncated();
                return null;
            }

            var type = _block[TarHeader.Type];
            var size = Number(TarHeader.Size, "size");
            if (size < 0) throw Malformed("an entry has a negative size");
            switch (type)
            {
                case (byte)'L':
                    longName = ReadSpecial(size);
                    break;
                case (byte)'K':
                    longLink = ReadSpecial(size);
                    break;
                case (byte)'x' or (byte)'X':
                    pax = PaxRecords.Parse(ReadSpecialBytes(size));
                    break;
                case (byte)'g':
                    // Defaults for all that follows; no writer of images gives any that matter, and Docker ignores them.
                    ReadSpecialBytes(size);
                    break;
                default:
                    return ReadEntry(type, size, pax, longName, longLink);
            }
        }
    }

    /// <summary>The next piece of the current entry's content; empty at its end. Valid until the next call.</summary>
    /// <exception cref="TareException">The archive is truncated.</exception>
    public ReadOnlySpan<byte> ReadContent()
    {
        if (_remaining == 0) return [];
        var next = source.Peek();
        if (next.IsEmpty) throw Truncated();
        if (next.Length > _remaining) next = next[..(int)_remaining];
        // A source keeps what it showed until it is asked again.
        source.Advance(next.Length);
        Position += next.Length;
        _remaining -= next.Length;
        return next;
    }

    /// <summary>All of the current entry's content.</summary>
    /// <param name="limit">The most bytes that are read.</param>
    /// <exception cref="TareException">It is longer, or the archive is truncated.</exception>
    public byte[] ReadAll(int limit)
    {
        if (_remaining > limit) throw Malformed($"an entry of {_remaining} bytes stands where at most {limit} belong");
        var bytes = new byte[_remaining];
        var length = 0;
        while (length < bytes.Length)
        {
            var piece = ReadContent();
            piece.CopyTo(bytes.AsSpan(length));
            length += piece.Length;
        }

        return bytes;
    }

    /// <summary>Reads what follows the end marker.</summary>
    /// <param name="allowAnything">Whether it may be anything; otherwise only zeros.</param>
    /// <exception cref="TareException">There is something else.</exception>
    public void Finish(bool allowAnything)
    {
        while (true)
        {
            var next = source.Peek();
            if (next.IsEmpty) return;
            if (!allowAnything && next.ContainsAnyExcept((byte)0))
                throw Malformed($"something follows its end at offset {Position + next.IndexOfAnyExcept((byte)0)}");
            Position += next.Length;
            source.Advance(next.Length);
        }
    }

    private TarEntry ReadEntry(byte type, long size, PaxRecords? pax, byte[]? longName, byte[]? longLink)
    {
        var gnu = _block.AsSpan()[TarHeader.Magic].SequenceEqual(TarHeader.GnuMagic);
        var posix = !gnu && _block.AsSpan()[TarHeader.Magic].StartsWith(TarHeader.PosixMagic);
        var name = pax?.Text("GNU.sparse.name") ?? pax?.Text("path") ?? longName ?? HeaderName(posix);
        var link = pax?.Text("linkpath") ?? longLink ?? TarHeader.Text(_block.AsSpan()[TarHeader.LinkName]).ToArray();
        if (name.Length == 0) throw Malformed("an entry has no name");
        size = pax?.Number("size") ?? size;
        if (size < 0) throw Malformed("an entry has a negative size");

        var kind = type switch
        {
            0 or (byte)'7' or (byte)'S' => TarEntryType.RegularFile,
            _ => (TarEntryType)type,
        };
        // The format before POSIX has no type for directories.
        if (type == 0 && name[^1] == '/') kind = TarEntryType.Directory;
        if (kind is TarEntryType.HardLink or TarEntryType.SymbolicLink or TarEntryType.CharacterDevice or TarEntryType.BlockDevice
            or TarEntryType.Directory or TarEntryType.Fifo) size = 0;

        _remaining = size;
        _padding = (int)(-size & (BlockLength - 1));
        var headers = _block.AsSpan().ToArray();
        var (extents, realSize) = ReadSparse(type, size, pax);
        var hasDevice = (posix || gnu) && kind is TarEntryType.CharacterDevice or TarEntryType.BlockDevice;
        return new TarEntry
        {
            Type = kind,
            Name = name,
            LinkName = link,
            Size = realSize,
            Extents = extents,
            Mode = (int)(Number(headers, TarHeader.Mode, "mode") & 0xFFF),
            Uid = pax?.Number("uid") ?? Number(headers, TarHeader.Uid, "uid"),
            Gid = pax?.Number("gid") ?? Number(headers, TarHeader.Gid, "gid"),
            UserName = pax?.Text("uname") ?? TarHeader.Text(headers.AsSpan()[TarHeader.UserName]).ToArray(),
            GroupName = pax?.Text("gname") ?? TarHeader.Text(headers.AsSpan()[TarHeader.GroupName]).ToArray(),
            ModifiedAt = pax?.Time("mtime") ?? new TarTime(Number(headers, TarHeader.ModifiedAt, "time"), 0),
            DeviceMajor = hasDevice ? Device(headers, TarHeader.DeviceMajor) : 0,
            DeviceMinor = hasDevice ? Device(headers, TarHeader.DeviceMinor) : 0,
            Attributes = pax?.Attributes ?? [],
        };
    }

    private (IReadOnlyList<TarExtent>? Extents, long RealSize) ReadSparse(byte type, long size, PaxRecords? pax)
    {
        if (type == (byte)'S')
        {
            var realSize = Number(483..495, "sparse size");
            var map = TarSparse.ReadOldGnu(_block, ReadBlockOrThrow);
            return (TarSparse.Check(map, realSize, _remaining), realSize);
        }

        if (pax?.Number("GNU.sparse.major") == 1 && pax.Number("GNU.sparse.minor") is null or 0)
        {
            var realSize = pax.Number("GNU.sparse.realsize") ?? throw Malformed("a sparse file has no size");
            var map = TarSparse.ReadInline(ReadContentBlock);
            return (TarSparse.Check(map, realSize, _remaining), realSize);
        }

        if (pax?.Number("GNU.sparse.size") is { } length)
        {
            var numbers = pax.Text("GNU.sparse.map") is { } text ? TarSparse.ParseList(text) : pax.SparseMap;
            return (TarSparse.Check(TarSparse.Pair(numbers), length, size), length);
        }

        return (null, size);
    }

    private byte[] HeaderName(bool posix)
    {
        var name = TarHeader.Text(_block.AsSpan()[TarHeader.Name]);
        var prefix = posix ? TarHeader.Text(_block.AsSpan()[TarHeader.Prefix]) : default;
        return prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name];
    }

    private uint Device(byte[] header, Range field)
    {
        var value = Number(header, field, "device number");
        return value is >= 0 and <= uint.MaxValue ? (uint)value : throw Malformed("an entry has a device number out of range");
    }

    private long Number(Range field, string what) => Number(_block, field, what);

    private long Number(byte[] header, Range field, string what) =>
        TarHeader.TryReadNumber(header.AsSpan()[field], out var value) ? value : throw Malformed($"the {what} of an entry is no number");

    private byte[] ReadSpecial(long size) => TarHeader.Text(ReadSpecialBytes(size)).ToArray();

    private byte[] ReadSpecialBytes(long size)
    {
        if (size > MaxSpecialLength) throw Malformed($"a header of {size} bytes is longer than the {MaxSpecialLength} that are allowed");
        _remaining = size;
        _padding = (int)(-size & (BlockLength - 1));
        return ReadAll(MaxSpecialLength);
    }

    /// <summary>Reads the next header; false at the end, marked or not.</summary>
    private bool ReadHeader()
    {
        if (!ReadBlock()) return false;
        if (!_block.AsSpan().ContainsAnyExcept((byte)0))
        {
            HasEndMarker = true;
            // The second block of the marker; writers that leave it out exist.
            if (ReadBlock() && _block.AsSpan().ContainsAnyExcept((byte)0)) throw Malformed($"something follows its end at offset {Position - BlockLength}");
            return false;
        }

        return TarHeader.HasValidChecksum(_block) ? true : throw Malformed($"the header at offset {Position - BlockLength} has a wrong checksum");
    }

    private void ReadBlockOrThrow()
    {
        if (!ReadBlock()) throw Truncated();
    }

    private void ReadContentBlock(Span<byte> block)
    {
        if (_remaining + _padding < BlockLength) throw Malformed("a sparse file's map is longer than the file");
        ReadBlockOrThrow();
        _block.CopyTo(block);
        _remaining -= BlockLength;
    }

    private bool ReadBlock()
    {
        var length = 0;
        while (length < BlockLength)
        {
            var next = source.Peek();
            if (next.IsEmpty) return length == 0 ? false : throw Truncated();
            var count = Math.Min(next.Length, BlockLength - length);
            next[..count].CopyTo(_block.AsSpan(length));
            source.Advance(count);
            length += count;
        }

        Position += BlockLength;
        return true;
    }

    private void Skip(long count)
    {
        while (count > 0)
        {
            var next = source.Peek();
            if (next.IsEmpty) throw Truncated();
            var passed = (int)Math.Min(next.Length, count);
            source.Advance(passed);
            Position += passed;
            count -= passed;
        }
    }

    private TareException Truncated() => TareException.Invalid($"{description} is truncated: it ends at byte {Position} in the middle of an entry");

    private TareException Malformed(string problem) => TareException.Invalid($"{description} is malformed: {problem}");
}

using System.Text;

namespace Tare.Oci.Archives;

/// <summary>What an entry of an archive is: the type flag of its header (POSIX.1-2017, pax, "ustar Interchange Format").</summary>
public enum TarEntryType
{
    RegularFile = '0',
    HardLink = '1',
    SymbolicLink = '2',
    CharacterDevice = '3',
    BlockDevice = '4',
    Directory = '5',
    Fifo = '6',
}

/// <summary>A point in time as file systems have it.</summary>
/// <param name="Seconds">Since 1970, negative before.</param>
/// <param name="Nanoseconds">On top, always forward in time.</param>
public readonly record struct TarTime(long Seconds, uint Nanoseconds);

/// <summary>An extended attribute. Both parts are bytes: names have no encoding, and values are binary.</summary>
public sealed record TarAttribute(byte[] Name, byte[] Value);

/// <summary>A part of a sparse file that holds data.</summary>
public readonly record struct TarExtent(long Offset, long Length);

/// <summary>An entry of a tar archive. Names are bytes, for neither tar nor Linux knows their encoding.</summary>
public sealed record TarEntry
{
    /// <summary>What it is. A value that is not named is a type that the reader does not know.</summary>
    public required TarEntryType Type { get; init; }

    /// <summary>The path, exactly as it was written.</summary>
    public required byte[] Name { get; init; }

    /// <summary>The target of a link.</summary>
    public byte[] LinkName { get; init; } = [];

    /// <summary>Bytes of the content as the file has them; a sparse file's are more than the archive holds.</summary>
    public long Size { get; init; }

    /// <summary>Permissions, with the bits for set-user-id, set-group-id and sticky.</summary>
    public int Mode { get; init; }

    public long Uid { get; init; }

    public long Gid { get; init; }

    public byte[] UserName { get; init; } = [];

    public byte[] GroupName { get; init; } = [];

    public TarTime ModifiedAt { get; init; }

    /// <summary>A device's major number.</summary>
    public uint DeviceMajor { get; init; }

    /// <summary>A device's minor number.</summary>
    public uint DeviceMinor { get; init; }

    /// <summary>Extended attributes, in the order of the archive.</summary>
    public IReadOnlyList<TarAttribute> Attributes { get; init; } = [];

    /// <summary>Where a sparse file's data belongs, in order; <see langword="null"/> for any other file.</summary>
    public IReadOnlyList<TarExtent>? Extents { get; init; }

    /// <summary>Bytes of content that follow the header in the archive.</summary>
    public long StoredSize => Extents is null ? Size : Extents.Sum(extent => extent.Length);

    /// <summary>The name for people.</summary>
    public string DisplayName => Encoding.UTF8.GetString(Name);
}

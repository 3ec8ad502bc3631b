using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Tare.Linux.Netlink.Tables;

/// <summary>A named set, or a map: what rules look things up in.</summary>
/// <param name="Table">The table that it is in.</param>
/// <param name="Name">Its name.</param>
/// <param name="Key">The type of its keys, or the parts of which they are concatenated.</param>
public sealed record NftSet(NftTable Table, string Name, params IReadOnlyList<NftType> Key)
{
    /// <summary>Of a map: the type of its values, or their parts; empty: it is a set.</summary>
    public IReadOnlyList<NftType> Value { get; init; } = [];

    /// <summary>Whether elements are ranges (kernel 5.6 for concatenated keys).</summary>
    public bool Intervals { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} of the table {Table}";

    /// <summary>Whether both would be the same to the kernel.</summary>
    public bool Equals(NftSet? other) =>
        other is not null && Table == other.Table && Name == other.Name && Intervals == other.Intervals && Key.SequenceEqual(other.Key) && Value.SequenceEqual(other.Value);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Table, Name);
}

/// <summary>A set as the kernel tells of it: see enum nft_set_attributes.</summary>
/// <param name="Name">Its name.</param>
public sealed record NftSetInfo(string Name)
{
    internal uint Flags { get; init; }

    internal uint KeyType { get; init; }

    internal uint KeySize { get; init; }

    internal uint ValueType { get; init; }

    internal uint ValueSize { get; init; }

    /// <summary>Whether it is what adding a set would make.</summary>
    public bool IsLike(NftSet set) =>
        Name == set.Name && Flags == NftSetMessage.FlagsOf(set) && KeyType == NftType.NumberOf(set.Key) && KeySize == NftType.SizeOf(set.Key)
        && (set.Value.Count == 0 || (ValueType == NftType.NumberOf(set.Value) && ValueSize == NftType.SizeOf(set.Value)));
}

/// <summary>Keys and values of elements, part by part, in the network's order and each filled up to four bytes.</summary>
public sealed class NftData
{
    private readonly List<byte> bytes = [];
    private int last;

    /// <summary>An address.</summary>
    public NftData Add(IPAddress address) => Part(address.GetAddressBytes());

    /// <summary>The number of a protocol.</summary>
    public NftData AddProtocol(byte protocol) => Part([protocol]);

    /// <summary>A port.</summary>
    public NftData AddPort(ushort port)
    {
        Span<byte> part = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(part, port);
        return Part(part);
    }

    /// <summary>The name of a device.</summary>
    public NftData AddInterface(string name)
    {
        Span<byte> part = stackalloc byte[16];
        part.Clear();
        Encoding.UTF8.GetBytes(name, part[..15]);
        return Part(part);
    }

    /// <summary>All parts; a single one without filling.</summary>
    public byte[] ToBytes()
    {
        var all = bytes.ToArray();
        return last == 0 || last > bytes.Count ? all : all[..last];
    }

    private NftData Part(ReadOnlySpan<byte> part)
    {
        last = bytes.Count == 0 ? part.Length : 0;
        bytes.AddRange(part);
        while (bytes.Count % 4 != 0) bytes.Add(0);
        return this;
    }
}

/// <summary>An element of a set or a map.</summary>
/// <param name="Key">See <see cref="NftData"/>.</param>
/// <param name="Value">Of a map: the value.</param>
/// <param name="Verdict">Of a map to verdicts: what becomes of the packet.</param>
public readonly record struct NftElement(byte[] Key, byte[]? Value = null, NftVerdict? Verdict = null)
{
    /// <summary>Of a set of ranges: the last key that belongs to it; null: only the one key.</summary>
    public byte[]? Last { get; init; }

    /// <summary>In a list of a set of ranges whose keys have one part: the first key after a range.</summary>
    public bool IsRangeEnd { get; init; }
}

using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Tare.Linux.Netlink;

/// <summary>
/// Writes netlink messages one after the other into one buffer, each with a sequence number of its own: struct nlmsghdr and struct nlattr
/// of linux/netlink.h. Numbers are in the machine's order unless a method says otherwise.
/// </summary>
/// <param name="sequence">The sequence number of the first message.</param>
public sealed class NetlinkWriter(uint sequence)
{
    internal const int HeaderSize = 16;
    internal const int AttributeHeader = 4;
    internal const ushort NLA_F_NESTED = 0x8000;

    private readonly List<int> starts = [];
    private byte[] buffer = new byte[512];
    private int length;
    private bool open;

    /// <summary>Everything that has been written.</summary>
    public ReadOnlySpan<byte> Written => buffer.AsSpan(0, length);

    /// <summary>How many messages there are.</summary>
    public int Count => starts.Count;

    /// <summary>The sequence number of the first message.</summary>
    public uint FirstSequence => sequence;

    /// <summary>Where a message begins; for <see cref="Count"/>, the end.</summary>
    internal int StartOf(int message) => message == starts.Count ? length : starts[message];

    /// <summary>Begins a message.</summary>
    /// <param name="kind">nlmsg_type.</param>
    /// <param name="flags">NLM_F_ flags.</param>
    public NetlinkWriter Begin(ushort kind, ushort flags)
    {
        if (open) throw new InvalidOperationException("the message before has not been ended");
        open = true;
        starts.Add(length);
        return U32(0).U16(kind).U16(flags).U32(sequence + (uint)(starts.Count - 1)).U32(0);
    }

    /// <summary>Ends a message.</summary>
    public void End()
    {
        if (!open) throw new InvalidOperationException("no message has been begun");
        open = false;
        var start = starts[^1];
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(start), (uint)(length - start));
        Align();
    }

    /// <summary>Gives a message that has been written more flags.</summary>
    internal void AddFlags(int message, ushort flags)
    {
        var place = buffer.AsSpan(starts[message] + 6);
        BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(place) | flags));
    }

    /// <summary>A byte of a structure.</summary>
    public NetlinkWriter U8(byte value)
    {
        Room(1)[0] = value;
        return this;
    }

    /// <summary>Two bytes of a structure.</summary>
    public NetlinkWriter U16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Room(2), value);
        return this;
    }

    /// <summary>Four bytes of a structure.</summary>
    public NetlinkWriter U32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);
        return this;
    }

    /// <summary>An attribute.</summary>
    public NetlinkWriter Attribute(ushort kind, ReadOnlySpan<byte> value)
    {
        if (AttributeHeader + value.Length > ushort.MaxValue) throw new ArgumentOutOfRangeException(nameof(value), value.Length, "an attribute has at most 65,531 bytes");
        U16((ushort)(AttributeHeader + value.Length)).U16(kind);
        value.CopyTo(Room(value.Length));
        Align();
        return this;
    }

    /// <summary>An attribute that says all by being there.</summary>
    public NetlinkWriter Flag(ushort kind) => Attribute(kind, []);

    /// <summary>An attribute of one byte.</summary>
    public NetlinkWriter Byte(ushort kind, byte value) => Attribute(kind, [value]);

    /// <summary>An attribute of two bytes in the machine's order.</summary>
    public NetlinkWriter UInt16(ushort kind, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return Attribute(kind, bytes);
    }

    /// <summary>An attribute of four bytes in the machine's order.</summary>
    public NetlinkWriter UInt32(ushort kind, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Attribute(kind, bytes);
    }

    /// <summary>An attribute of two bytes in the network's order.</summary>
    public NetlinkWriter Network16(ushort kind, ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return Attribute(kind, bytes);
    }

    /// <summary>An attribute of four bytes in the network's order.</summary>
    public NetlinkWriter Network32(ushort kind, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Attribute(kind, bytes);
    }

    /// <summary>An attribute of eight bytes in the network's order.</summary>
    public NetlinkWriter Network64(ushort kind, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return Attribute(kind, bytes);
    }

    /// <summary>An attribute of text with a zero at its end.</summary>
    public NetlinkWriter Text(ushort kind, string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal)) throw new ArgumentException("a name has no zero", nameof(value));
        return Attribute(kind, [.. Encoding.UTF8.GetBytes(value), 0]);
    }

    /// <summary>An attribute of an address, 4 or 16 bytes.</summary>
    public NetlinkWriter Address(ushort kind, IPAddress value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, out var count);
        return Attribute(kind, bytes[..count]);
    }

    /// <summary>Begins an attribute of attributes.</summary>
    /// <returns>What <see cref="EndNest"/> has to be given.</returns>
    public int BeginNest(ushort kind)
    {
        var start = length;
        U16(0).U16((ushort)(kind | NLA_F_NESTED));
        return start;
    }

    /// <summary>Ends an attribute of attributes (or one that begins with a structure).</summary>
    public void EndNest(int start)
    {
        if (length - start > ushort.MaxValue) throw new InvalidOperationException("an attribute has at most 65,531 bytes");
        BinaryPrimitives.WriteUInt16LittleEndian(buffer.AsSpan(start), (ushort)(length - start));
    }

    /// <summary>An attribute of attributes.</summary>
    public NetlinkWriter Nest(ushort kind, Action<NetlinkWriter> content)
    {
        var start = BeginNest(kind);
        content(this);
        EndNest(start);
        return this;
    }

    private Span<byte> Room(int count)
    {
        if (buffer.Length - length < count) Array.Resize(ref buffer, Math.Max(buffer.Length * 2, length + count));
        length += count;
        return buffer.AsSpan(length - count, count);
    }

    /// <summary>Everything begins at a multiple of four (NLMSG_ALIGNTO, NLA_ALIGNTO).</summary>
    private void Align() => Room(-length & 3).Clear();
}

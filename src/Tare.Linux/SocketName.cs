using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>The address of an Internet socket as the kernel writes it, to be handed back to it: struct sockaddr_in and sockaddr_in6, ip(7) and ipv6(7).</summary>
[InlineArray(Capacity)]
[StructLayout(LayoutKind.Sequential)]
public struct SocketName
{
    /// <summary>Bytes of the larger one.</summary>
    internal const int Capacity = 28;

    private const int FourSize = 16;
    private const ushort AF_INET = 2;
    private const ushort AF_INET6 = 10;

    private byte first;

    /// <summary>Of an address and a port.</summary>
    public SocketName(IPEndPoint address)
    {
        Span<byte> bytes = this;
        bytes.Clear();
        var six = address.AddressFamily == AddressFamily.InterNetworkV6;
        BitConverter.TryWriteBytes(bytes, six ? AF_INET6 : AF_INET);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)address.Port);
        address.Address.TryWriteBytes(bytes[(six ? 8 : 4)..], out _);
        if (six) BitConverter.TryWriteBytes(bytes[24..], (uint)address.Address.ScopeId);
    }

    /// <summary>Bytes that count.</summary>
    internal readonly int Size => IsSix ? Capacity : FourSize;

    internal readonly bool IsSix => Family == AF_INET6;

    private readonly ushort Family => BitConverter.ToUInt16(this);

    /// <summary>The address and the port.</summary>
    public readonly IPEndPoint ToEndPoint()
    {
        ReadOnlySpan<byte> bytes = this;
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return IsSix
            ? new IPEndPoint(new IPAddress(bytes.Slice(8, 16), BitConverter.ToUInt32(bytes[24..])), port)
            : new IPEndPoint(new IPAddress(bytes.Slice(4, 4)), port);
    }
}

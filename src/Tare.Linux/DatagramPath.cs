using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Who has sent a datagram, and to which address of this host: an answer goes the same way back. Those of the same two are equal.</summary>
public readonly struct DatagramPath : IEquatable<DatagramPath>
{
    private const int AddressSize = 16;

    internal readonly SocketName Peer;
    internal readonly PacketInfo Local;

    /// <summary>Of what the kernel has said; nothing of it: the kernel chooses where answers come from.</summary>
    internal DatagramPath(in SocketName peer, ReadOnlySpan<byte> info)
    {
        Peer = peer;
        Span<byte> local = Local;
        local.Clear();
        if (peer.IsSix)
        {
            // in6_pktinfo: the address, the device, which counts with addresses that each device has.
            if (info.Length < PacketInfo.Size || info[0] == 0xff) return;
            var isLinkLocal = info[0] == 0xfe && (info[1] & 0xc0) == 0x80;
            info[..(isLinkLocal ? PacketInfo.Size : AddressSize)].CopyTo(local);
        }
        else if (info.Length >= PacketInfo.FourSize)
        {
            // in_pktinfo: the device, the address for answers, the address in the packet. What has waited since before anybody asked has the last alone.
            var answers = info.Slice(4, 4);
            (answers.IndexOfAnyExcept((byte)0) < 0 ? info.Slice(8, 4) : answers).CopyTo(local[4..]);
        }
    }

    /// <summary>Who has sent it.</summary>
    public IPEndPoint Sender => Peer.ToEndPoint();

    /// <summary>The address that it was sent to: the source of answers; the unspecified one: what the kernel chooses.</summary>
    public IPAddress Receiver => Peer.IsSix ? new IPAddress(((ReadOnlySpan<byte>)Local)[..AddressSize]) : new IPAddress(((ReadOnlySpan<byte>)Local).Slice(4, 4));

    public static bool operator ==(DatagramPath one, DatagramPath other) => one.Equals(other);

    public static bool operator !=(DatagramPath one, DatagramPath other) => !one.Equals(other);

    /// <inheritdoc/>
    public bool Equals(DatagramPath other) => ((ReadOnlySpan<byte>)Peer).SequenceEqual(other.Peer) && ((ReadOnlySpan<byte>)Local).SequenceEqual(other.Local);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is DatagramPath other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Peer);
        hash.AddBytes(Local);
        return hash.ToHashCode();
    }

    /// <summary>struct in_pktinfo of ip(7) or in6_pktinfo of ipv6(7).</summary>
    [InlineArray(Size)]
    [StructLayout(LayoutKind.Sequential)]
    internal struct PacketInfo
    {
        internal const int Size = 20;
        internal const int FourSize = 12;

        private byte first;
    }
}

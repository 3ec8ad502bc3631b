using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// A UDP socket that many talk to, and that tells at which of the host's addresses each has: IP_PKTINFO of ip(7), IPV6_RECVPKTINFO of ipv6(7).
/// An answer has that address as its source, or who has asked takes it for somebody else's.
/// </summary>
public static partial class IpDatagrams
{
    private const int MSG_DONTWAIT = 0x40;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int SOL_SOCKET = 1;
    private const int SO_RCVBUF = 8;
    private const int IPPROTO_IP = 0;
    private const int IP_PKTINFO = 8;
    private const int IPPROTO_IPV6 = 41;
    private const int IPV6_RECVPKTINFO = 49;
    private const int IPV6_PKTINFO = 50;
    private const int ControlHeader = 16;

    /// <summary>Room for the header and the larger one of both kinds, and for what somebody else may have asked the kernel for.</summary>
    private const int ControlSize = 128;

    /// <summary>Makes a socket ready for the other calls.</summary>
    /// <param name="socket">A bound UDP socket.</param>
    /// <param name="waiting">How many bytes may wait to be received; the kernel takes less where <c>net.core.rmem_max</c> says so.</param>
    public static void Prepare(Fd socket, int waiting)
    {
        var six = IpSocket.AddressOf(socket).AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        Set(socket, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
        Set(socket, SOL_SOCKET, SO_RCVBUF, waiting);
    }

    /// <summary>Receives one datagram, without waiting; -1 and the error number on failure. What there is no room for is lost.</summary>
    public static unsafe int TryReceive(Fd socket, Span<byte> buffer, out DatagramPath path, out int error)
    {
        SocketName peer = default;
        var control = stackalloc byte[ControlSize];
        fixed (byte* data = buffer)
        {
            var vector = new IoVector { Base = data, Length = (nuint)buffer.Length };
            var header = new MessageHeader { Name = &peer, NameLength = SocketName.Capacity, Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlSize };
            nint count;
            do
            {
                count = recvmsg(socket.Number, &header, MSG_DONTWAIT);
                error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Errno.EINTR);
            path = count < 0 ? default : new DatagramPath(peer, InfoIn(new ReadOnlySpan<byte>(control, (int)header.ControlLength)));
            return (int)count;
        }
    }

    /// <summary>Sends one datagram back to where another has come from, without waiting; -1 and the error number on failure.</summary>
    public static unsafe int TrySend(Fd socket, ReadOnlySpan<byte> bytes, in DatagramPath path, out int error)
    {
        var (peer, six) = (path.Peer, path.Peer.IsSix);
        var size = six ? DatagramPath.PacketInfo.Size : DatagramPath.PacketInfo.FourSize;
        var control = stackalloc byte[ControlSize];
        *(nuint*)control = (nuint)(ControlHeader + size);
        ((int*)control)[2] = six ? IPPROTO_IPV6 : IPPROTO_IP;
        ((int*)control)[3] = six ? IPV6_PKTINFO : IP_PKTINFO;
        ((ReadOnlySpan<byte>)path.Local)[..size].CopyTo(new Span<byte>(control + ControlHeader, size));
        fixed (byte* data = bytes)
        {
            var vector = new IoVector { Base = data, Length = (nuint)bytes.Length };
            var header = new MessageHeader { Name = &peer, NameLength = (uint)peer.Size, Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (nuint)(ControlHeader + ((size + 7) / 8 * 8)) };
            nint count;
            do
            {
                count = sendmsg(socket.Number, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
                error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Errno.EINTR);
            return (int)count;
        }
    }

    /// <summary>The data of the first message about the packet's address: cmsg(3).</summary>
    private static ReadOnlySpan<byte> InfoIn(ReadOnlySpan<byte> control)
    {
        while (control.Length >= ControlHeader)
        {
            var length = (int)Math.Min(MemoryMarshal.Read<nuint>(control), (nuint)control.Length);
            if (length < ControlHeader) break;
            var (level, kind) = (BitConverter.ToInt32(control[8..]), BitConverter.ToInt32(control[12..]));
            if ((level, kind) is (IPPROTO_IP, IP_PKTINFO) or (IPPROTO_IPV6, IPV6_PKTINFO)) return control[ControlHeader..length];
            control = control[Math.Min((length + 7) / 8 * 8, control.Length)..];
        }
        return [];
    }

    private static unsafe void Set(Fd socket, int level, int option, int value)
    {
        if (setsockopt(socket.Number, level, option, &value, sizeof(int)) < 0) throw new LinuxException("set an option of a UDP socket", Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int setsockopt(int fd, int level, int option, int* value, uint size);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint sendmsg(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recvmsg(int fd, MessageHeader* message, int flags);
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Sockets that hold a port, so that nobody else gets it: socket(7), ip(7), ipv6(7).</summary>
public static partial class PortSocket
{
    private const int AF_INET = 2;
    private const int AF_INET6 = 10;
    private const int SOCK_STREAM = 1;
    private const int SOCK_DGRAM = 2;
    private const int SOCK_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
    private const int IPPROTO_UDP = 17;
    private const int IPPROTO_IPV6 = 41;
    private const int SOL_SOCKET = 1;
    private const int SO_REUSEADDR = 2;
    private const int SO_RCVBUF = 8;
    private const int IPV6_V6ONLY = 26;

    /// <summary>How many connections may wait; the kernel takes less where <c>net.core.somaxconn</c> says so.</summary>
    private const int Backlog = 4096;

    /// <summary>
    /// Binds a socket, and listens where the protocol has connections: from then on every other bind to the port fails. One of IPv6 leaves IPv4
    /// alone. What an earlier server has left in TIME_WAIT does not hinder. A datagram socket keeps next to nothing of what nobody reads.
    /// </summary>
    /// <param name="protocol">6 for TCP, 17 for UDP, 132 for SCTP.</param>
    /// <param name="address">The address and the port, which is not 0.</param>
    /// <param name="error">The error number; <see cref="Errno.EPROTONOSUPPORT"/>: the kernel has no such protocol.</param>
    /// <returns>Non-blocking and close-on-exec, in the network namespace of this thread; null when it is refused.</returns>
    public static unsafe Fd? TryReserve(byte protocol, IPEndPoint address, out int error)
    {
        var (six, datagrams) = (address.AddressFamily == AddressFamily.InterNetworkV6, protocol == IPPROTO_UDP);
        var number = socket(six ? AF_INET6 : AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK_CLOEXEC, protocol);
        error = number < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (number < 0) return null;
        var fd = new Fd(number);
        var name = new SocketName(address);
        var done = (datagrams ? Set(number, SOL_SOCKET, SO_RCVBUF, 0) : Set(number, SOL_SOCKET, SO_REUSEADDR, 1))
            && (!six || Set(number, IPPROTO_IPV6, IPV6_V6ONLY, 1))
            && bind(number, &name, (uint)name.Size) == 0
            && (datagrams || listen(number, Backlog) == 0);
        if (done) return fd;
        error = Marshal.GetLastPInvokeError();
        fd.Dispose();
        return null;
    }

    private static unsafe bool Set(int number, int level, int option, int value) => setsockopt(number, level, option, &value, sizeof(int)) == 0;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int setsockopt(int fd, int level, int option, int* value, uint size);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int bind(int fd, SocketName* name, uint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(int fd, int backlog);
}

using System.Net;
using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Sockets of the Internet, over raw descriptors: ip(7), ipv6(7), udp(7), tcp(7). .NET's own would shut a listening socket down when it is let
/// go of, for everybody who has a duplicate of it.
/// </summary>
public static partial class IpSocket
{
    private const int AF_INET = 2;
    private const int AF_INET6 = 10;
    private const int SOCK_STREAM = 1;
    private const int SOCK_DGRAM = 2;
    private const int SOCK_NONBLOCK_CLOEXEC = 0x800 | 0x80000;
    private const int MSG_TRUNC = 0x20;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int SOL_SOCKET = 1;
    private const int SO_TYPE = 3;
    private const int SO_ERROR = 4;
    private const int IPPROTO_TCP = 6;
    private const int TCP_NODELAY = 1;

    /// <summary>A new UDP or TCP socket, non-blocking and close-on-exec, in the network namespace of this thread.</summary>
    public static Fd New(bool six, bool stream)
    {
        var number = socket(six ? AF_INET6 : AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK_CLOEXEC, 0);
        return number < 0 ? throw new LinuxException("create an Internet socket", Marshal.GetLastPInvokeError()) : new Fd(number);
    }

    /// <summary>Gives a socket its address; port 0 lets the kernel choose.</summary>
    public static unsafe void Bind(Fd socket, IPEndPoint address)
    {
        var name = new SocketName(address);
        if (bind(socket.Number, &name, (uint)name.Size) < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"bind a socket to {address}");
    }

    /// <summary>Takes connections from now on.</summary>
    /// <param name="socket">A bound TCP socket.</param>
    /// <param name="backlog">How many may wait.</param>
    public static void Listen(Fd socket, int backlog)
    {
        if (listen(socket.Number, backlog) < 0) throw new LinuxException("listen on a socket", Marshal.GetLastPInvokeError());
    }

    /// <summary>Fixes the other end; 0, or the error number: <see cref="Errno.EINPROGRESS"/> when a connection is on its way.</summary>
    public static unsafe int Connect(Fd socket, IPEndPoint address)
    {
        var name = new SocketName(address);
        return connect(socket.Number, &name, (uint)name.Size) < 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <summary>A connection that waits, non-blocking and close-on-exec; null and the error number when there is none.</summary>
    public static unsafe Fd? TryAccept(Fd socket, out int error)
    {
        int number;
        do
        {
            number = accept4(socket.Number, null, null, SOCK_NONBLOCK_CLOEXEC);
            error = number < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == Errno.EINTR);
        return number < 0 ? null : new Fd(number);
    }

    /// <summary>Whether it is a socket of connections (SO_TYPE), not of datagrams.</summary>
    public static unsafe bool IsStream(Fd socket)
    {
        var type = stackalloc int[1];
        uint size = sizeof(int);
        return getsockopt(socket.Number, SOL_SOCKET, SO_TYPE, type, &size) < 0 ? throw new LinuxException("ask for the type of a socket", Marshal.GetLastPInvokeError()) : *type == SOCK_STREAM;
    }

    /// <summary>How a connection on its way went: 0 or the error number (SO_ERROR, which is cleared).</summary>
    public static unsafe int TakeError(Fd socket)
    {
        var error = 0;
        uint size = sizeof(int);
        return getsockopt(socket.Number, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? Marshal.GetLastPInvokeError() : error;
    }

    /// <summary>What is sent over a connection goes out at once, and does not wait for more.</summary>
    public static unsafe void SetNoDelay(Fd socket)
    {
        var on = 1;
        _ = setsockopt(socket.Number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));
    }

    /// <summary>The address that a socket is bound to.</summary>
    public static unsafe IPEndPoint AddressOf(Fd socket)
    {
        SocketName name = default;
        var size = (uint)SocketName.Capacity;
        if (getsockname(socket.Number, &name, &size) < 0) throw new LinuxException("ask for the address of a socket", Marshal.GetLastPInvokeError());
        return name.ToEndPoint();
    }

    /// <summary>
    /// Receives once; 0 at the end of a stream, -1 and the error number on failure. Of a datagram its whole size, even when there was no room for
    /// all of it.
    /// </summary>
    public static unsafe int TryReceive(Fd socket, Span<byte> buffer, bool stream, out int error)
    {
        fixed (byte* data = buffer) return Receive(socket, data, buffer.Length, stream ? 0 : MSG_TRUNC, null, null, out error);
    }

    /// <summary>As <see cref="TryReceive"/> for a datagram, and says where it comes from.</summary>
    public static unsafe int TryReceiveFrom(Fd socket, Span<byte> buffer, out SocketName sender, out int error)
    {
        SocketName name = default;
        var size = (uint)SocketName.Capacity;
        int count;
        fixed (byte* data = buffer) count = Receive(socket, data, buffer.Length, MSG_TRUNC, &name, &size, out error);
        sender = name;
        return count;
    }

    /// <summary>Sends once, to the other end; -1 and the error number on failure.</summary>
    public static unsafe int TrySend(Fd socket, ReadOnlySpan<byte> bytes, out int error)
    {
        fixed (byte* data = bytes) return Send(socket, data, bytes.Length, null, 0, out error);
    }

    /// <summary>Sends one datagram; -1 and the error number on failure.</summary>
    public static unsafe int TrySendTo(Fd socket, ReadOnlySpan<byte> bytes, in SocketName receiver, out int error)
    {
        var name = receiver;
        fixed (byte* data = bytes) return Send(socket, data, bytes.Length, &name, (uint)name.Size, out error);
    }

    private static unsafe int Receive(Fd socket, byte* data, int length, int flags, SocketName* name, uint* size, out int error)
    {
        nint count;
        do
        {
            count = recvfrom(socket.Number, data, (nuint)length, flags, name, size);
            error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == Errno.EINTR);
        return (int)count;
    }

    private static unsafe int Send(Fd socket, byte* data, int length, SocketName* name, uint size, out int error)
    {
        nint count;
        do
        {
            count = sendto(socket.Number, data, (nuint)length, MSG_NOSIGNAL, name, size);
            error = count < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == Errno.EINTR);
        return (int)count;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int bind(int fd, SocketName* name, uint size);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(int fd, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int connect(int fd, SocketName* name, uint size);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int accept4(int fd, SocketName* name, uint* size, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getsockopt(int fd, int level, int option, int* value, uint* size);

    [LibraryImport("libc")]
    private static unsafe partial int setsockopt(int fd, int level, int option, int* value, uint size);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getsockname(int fd, SocketName* name, uint* size);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recvfrom(int fd, byte* buffer, nuint length, int flags, SocketName* name, uint* size);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint sendto(int fd, byte* buffer, nuint length, int flags, SocketName* name, uint size);
}

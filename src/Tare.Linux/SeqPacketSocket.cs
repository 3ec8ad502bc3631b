using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Unix sockets of type SEQPACKET, which keep the boundaries of messages, and descriptors passed along (SCM_RIGHTS): unix(7).
/// All are close-on-exec, and so is every descriptor that is received.
/// </summary>
public static partial class SeqPacketSocket
{
    /// <summary>How many descriptors one message can carry (the kernel's SCM_MAX_FD).</summary>
    public const int MaxDescriptors = 253;

    private const int SOCK_SEQPACKET = 5;
    private const int SOCK_NONBLOCK = 0x800;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOL_SOCKET = 1;
    private const int SO_PEERCRED = 17;
    private const int SCM_RIGHTS = 1;
    private const int MSG_CTRUNC = 0x8;
    private const int MSG_TRUNC = 0x20;
    private const int MSG_DONTWAIT = 0x40;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;
    private const int SHUT_RDWR = 2;
    private const int ControlHeader = 16;
    private const int ControlSize = ControlHeader + (((MaxDescriptors * 4) + 7) / 8 * 8);

    /// <summary>Two connected ends.</summary>
    public static unsafe (Fd First, Fd Second) Pair()
    {
        var ends = stackalloc int[2];
        if (socketpair(UnixAddress.Family, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) throw new LinuxException("make a pair of sockets", Marshal.GetLastPInvokeError());
        return (new Fd(ends[0]), new Fd(ends[1]));
    }

    /// <summary>Listens at a path that does not exist yet, with mode 0600.</summary>
    public static Fd Listen(string path, int backlog, bool nonBlocking = true)
    {
        var socket = UnixSocket.New(SOCK_SEQPACKET | (nonBlocking ? SOCK_NONBLOCK : 0));
        try
        {
            // The mode of the inode that bind(2) makes is the socket's own: there is no moment at which it is wider.
            if (fchmod(socket.Number, 0x180) < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"set the mode of the socket {path}");
            UnixSocket.Bind(socket, path);
            if (listen(socket.Number, backlog) < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"listen at {path}");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects; null and the error number when nobody listens there.</summary>
    public static Fd? TryConnect(string path, out int error) => UnixSocket.TryConnect(SOCK_SEQPACKET, path, out error);

    /// <summary>Accepts one connection, non-blocking itself; null when there is none (any more).</summary>
    public static unsafe Fd? Accept(Fd listener)
    {
        while (true)
        {
            var number = accept4(listener.Number, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (number >= 0) return new Fd(number);
            var error = Marshal.GetLastPInvokeError();
            if (error is Errno.EINTR) continue;
            return error is Errno.EAGAIN or Errno.ECONNABORTED ? null : throw new LinuxException("accept a connection", error);
        }
    }

    /// <summary>The user id of the process that made or connected the other end.</summary>
    public static unsafe uint PeerUser(Fd socket)
    {
        var credentials = stackalloc uint[3]; // struct ucred: pid, uid, gid
        var length = 12u;
        if (getsockopt(socket.Number, SOL_SOCKET, SO_PEERCRED, credentials, &length) < 0) throw new LinuxException("ask for the peer of a socket", Marshal.GetLastPInvokeError());
        return credentials[1];
    }

    /// <summary>Sends one message; false when the socket's buffer is full and <paramref name="wait"/> is not set.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPIPE"/> or <see cref="Errno.ECONNRESET"/>: the other end is closed.</exception>
    public static unsafe bool Send(Fd socket, ReadOnlySpan<byte> message, ReadOnlySpan<Fd> descriptors, bool wait)
    {
        if (descriptors.Length > MaxDescriptors) throw new ArgumentOutOfRangeException(nameof(descriptors));
        var control = stackalloc byte[ControlSize];
        fixed (byte* data = message)
        {
            var vector = new IoVector { Base = data, Length = (nuint)message.Length };
            var header = new MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (!descriptors.IsEmpty)
            {
                *(nuint*)control = (nuint)(ControlHeader + (descriptors.Length * 4));
                ((int*)control)[2] = SOL_SOCKET;
                ((int*)control)[3] = SCM_RIGHTS;
                for (var i = 0; i < descriptors.Length; i++) ((int*)(control + ControlHeader))[i] = descriptors[i].Number;
                header.Control = control;
                header.ControlLength = (nuint)(ControlHeader + (((descriptors.Length * 4) + 7) / 8 * 8));
            }
            while (sendmsg(socket.Number, &header, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)) < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Errno.EINTR) continue;
                return error == Errno.EAGAIN ? false : throw new LinuxException($"send to {socket}", error);
            }
            return true;
        }
    }

    /// <summary>
    /// Receives one message. Returns its length; 0: the other end is closed; -1: there is none (of a non-blocking socket).
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">Takes the message; one that does not fit is an error.</param>
    /// <param name="descriptors">Gets the descriptors that came along; the caller owns them.</param>
    /// <param name="wait">Whether to wait when there is no message.</param>
    /// <exception cref="LinuxException"><see cref="Errno.EMSGSIZE"/>: the message or its descriptors did not fit; other failures.</exception>
    public static unsafe int Receive(Fd socket, Span<byte> buffer, List<Fd> descriptors, bool wait)
    {
        var control = stackalloc byte[ControlSize];
        fixed (byte* data = buffer)
        {
            var vector = new IoVector { Base = data, Length = (nuint)buffer.Length };
            var header = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlSize };
            nint count;
            while ((count = recvmsg(socket.Number, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT))) < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error == Errno.EINTR) continue;
                return error == Errno.EAGAIN ? -1 : throw new LinuxException($"receive from {socket}", error);
            }
            for (nuint offset = 0; offset + ControlHeader <= header.ControlLength;)
            {
                var length = *(nuint*)(control + offset);
                if (length < ControlHeader) break;
                if (((int*)(control + offset))[2] == SOL_SOCKET && ((int*)(control + offset))[3] == SCM_RIGHTS)
                {
                    for (nuint i = 0; i < (length - ControlHeader) / 4; i++) descriptors.Add(new Fd(((int*)(control + offset + ControlHeader))[i]));
                }
                offset += (length + 7) / 8 * 8;
            }
            if ((header.Flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) return (int)count;
            foreach (var fd in descriptors) fd.Dispose();
            descriptors.Clear();
            throw new LinuxException($"receive from {socket}", Errno.EMSGSIZE);
        }
    }

    /// <summary>Ends both directions: whoever is receiving on either end sees the end.</summary>
    public static void Shutdown(Fd socket)
    {
        if (shutdown(socket.Number, SHUT_RDWR) < 0 && Marshal.GetLastPInvokeError() is not Errno.ENOTCONN and var error)
            throw new LinuxException($"shut {socket} down", error);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int socketpair(int domain, int type, int protocol, int* ends);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(int fd, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int accept4(int fd, byte* address, uint* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchmod(int fd, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int getsockopt(int fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint sendmsg(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recvmsg(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(int fd, int how);
}

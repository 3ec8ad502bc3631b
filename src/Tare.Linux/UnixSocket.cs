using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>What unix sockets of every type have in common: unix(7).</summary>
internal static partial class UnixSocket
{
    private const int SOCK_CLOEXEC = 0x80000;

    /// <summary>A new socket, close-on-exec.</summary>
    /// <param name="type">Its type, and flags such as <c>SOCK_NONBLOCK</c>.</param>
    public static Fd New(int type)
    {
        var number = socket(UnixAddress.Family, type | SOCK_CLOEXEC, 0);
        return number < 0 ? throw new LinuxException("create a unix socket", Marshal.GetLastPInvokeError()) : new Fd(number);
    }

    /// <summary>Binds a socket to a path that does not exist yet.</summary>
    /// <exception cref="LinuxException">The path is taken, or may not be made.</exception>
    public static unsafe void Bind(Fd socket, string path)
    {
        var address = stackalloc byte[UnixAddress.Size];
        var length = UnixAddress.Write(new Span<byte>(address, UnixAddress.Size), path);
        if (bind(socket.Number, address, length) < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"bind the socket {path}");
    }

    /// <summary>
    /// A new socket that is connected to a path or, when that begins with an @, to the abstract name that follows; null and the error number
    /// when nobody is there.
    /// </summary>
    public static unsafe Fd? TryConnect(int type, string path, out int error)
    {
        var socket = New(type);
        var address = stackalloc byte[UnixAddress.Size];
        try
        {
            var length = UnixAddress.Write(new Span<byte>(address, UnixAddress.Size), path);
            do error = connect(socket.Number, address, length) < 0 ? Marshal.GetLastPInvokeError() : 0;
            while (error == Errno.EINTR);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        if (error == 0) return socket;
        socket.Dispose();
        return null;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int bind(int fd, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int connect(int fd, byte* address, uint length);
}

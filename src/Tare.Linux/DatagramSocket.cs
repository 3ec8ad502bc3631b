using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Unix datagram sockets, as the protocol of sd_notify(3) uses them: unix(7). Messages go and come by <see cref="SeqPacketSocket"/>'s calls,
/// which are the same for both.
/// </summary>
public static partial class DatagramSocket
{
    private const int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private const int AllMayWrite = 0x1FF; // 0777

    /// <summary>Takes messages at a path that does not exist yet, from everybody who can reach it.</summary>
    /// <exception cref="LinuxException">The path is taken, or may not be made.</exception>
    public static unsafe Fd Bind(string path)
    {
        var socket = New();
        try
        {
            var address = stackalloc byte[UnixAddress.Size];
            var length = UnixAddress.Write(new Span<byte>(address, UnixAddress.Size), path);
            if (bind(socket.Number, address, length) < 0) throw new LinuxException($"bind the socket {path}", Marshal.GetLastPInvokeError());
            // The umask has had its part in the mode of what bind(2) has made.
            if (chmod(path, AllMayWrite) < 0) throw new LinuxException($"set the mode of the socket {path}", Marshal.GetLastPInvokeError());
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A socket whose messages go to a path, or, when it begins with an @, to the abstract name that follows; null and the error number when nobody takes messages there.</summary>
    public static unsafe Fd? TryConnect(string path, out int error)
    {
        var socket = New();
        var address = stackalloc byte[UnixAddress.Size];
        try
        {
            var length = UnixAddress.Write(new Span<byte>(address, UnixAddress.Size), path);
            if (path.StartsWith('@'))
            {
                // It has a zero in front, and none behind.
                address[2] = 0;
                length--;
            }
            error = connect(socket.Number, address, length) < 0 ? Marshal.GetLastPInvokeError() : 0;
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

    private static Fd New()
    {
        var number = socket(UnixAddress.Family, SOCK_DGRAM_CLOEXEC, 0);
        return number < 0 ? throw new LinuxException("create a unix socket", Marshal.GetLastPInvokeError()) : new Fd(number);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int bind(int fd, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int connect(int fd, byte* address, uint length);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chmod(string path, uint mode);
}

using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Unix datagram sockets, as the protocol of sd_notify(3) uses them: unix(7). Messages go and come by <see cref="SeqPacketSocket"/>'s calls,
/// which are the same for both.
/// </summary>
public static partial class DatagramSocket
{
    private const int SOCK_DGRAM = 2;
    private const int AllMayWrite = 0x1FF; // 0777

    /// <summary>Takes messages at a path that does not exist yet, from everybody who can reach it.</summary>
    /// <exception cref="LinuxException">The path is taken, or may not be made.</exception>
    public static Fd Bind(string path)
    {
        var socket = UnixSocket.New(SOCK_DGRAM);
        try
        {
            UnixSocket.Bind(socket, path);
            // The umask has had its part in the mode of what bind(2) has made.
            if (chmod(path, AllMayWrite) < 0) throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"set the mode of the socket {path}");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A socket whose messages go to a path, or, when it begins with an @, to the abstract name that follows; null and the error number when nobody takes messages there.</summary>
    public static Fd? TryConnect(string path, out int error) => UnixSocket.TryConnect(SOCK_DGRAM, path, out error);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chmod(string path, uint mode);
}

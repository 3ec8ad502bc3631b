using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>The client's end of a unix stream socket, with calls that wait in the kernel: unix(7), send(2), recv(2).</summary>
public static partial class StreamSocket
{
    private const int SOCK_STREAM = 1;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int SHUT_WR = 1;
    private const int SHUT_RDWR = 2;

    /// <summary>Connects; null and the error number when that is refused.</summary>
    /// <exception cref="Errors.TareException">The path is too long for the kernel.</exception>
    public static Fd? TryConnect(string path, out int error) => UnixSocket.TryConnect(SOCK_STREAM, path, out error);

    /// <summary>Waits for some bytes; 0 at the end.</summary>
    public static unsafe int Receive(Fd stream, Span<byte> buffer)
    {
        while (true)
        {
            nint count;
            fixed (byte* data = buffer) count = recv(stream.Number, data, (nuint)buffer.Length, 0);
            if (count >= 0) return (int)count;
            if (Marshal.GetLastPInvokeError() is not Errno.EINTR and var error) throw new LinuxException("receive from the engine", error);
        }
    }

    /// <summary>Sends some of the bytes, and says how many; waits while the other end does not read.</summary>
    public static unsafe int Send(Fd stream, ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            nint count;
            fixed (byte* data = bytes) count = send(stream.Number, data, (nuint)bytes.Length, MSG_NOSIGNAL);
            if (count >= 0) return (int)count;
            if (Marshal.GetLastPInvokeError() is not Errno.EINTR and var error) throw new LinuxException("send to the engine", error);
        }
    }

    /// <summary>Says that nothing more will be sent (half-close). A stream that is gone already is left as it is.</summary>
    public static void ShutdownSend(Fd stream) => _ = shutdown(stream.Number, SHUT_WR);

    /// <summary>Ends both directions: a call that waits on another thread returns.</summary>
    public static void Shutdown(Fd stream) => _ = shutdown(stream.Number, SHUT_RDWR);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint recv(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint send(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc")]
    private static partial int shutdown(int fd, int how);
}

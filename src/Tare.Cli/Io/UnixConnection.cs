using System.Net.Sockets;
using Tare.Client;
using Tare.Linux;

namespace Tare.Cli.Io;

/// <summary>
/// The connection of a program that lives for milliseconds: the framework's sockets start a thread and an epoll instance for the first
/// of them, even when all calls block.
/// </summary>
internal sealed class UnixConnection(Fd stream) : IBlockingConnection
{
    public bool IsReadable => Polling.WaitReadable(stream, 0);

    /// <summary>Connects to a path.</summary>
    public static UnixConnection Connect(string path) =>
        StreamSocket.TryConnect(path, out var error) is { } stream ? new UnixConnection(stream) : throw new SocketException((int)CodeOf(error));

    public int Receive(Span<byte> buffer)
    {
        try
        {
            return StreamSocket.Receive(stream, buffer);
        }
        catch (LinuxException e)
        {
            throw new SocketException((int)CodeOf(e.Error));
        }
    }

    public int Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StreamSocket.Send(stream, bytes);
        }
        catch (LinuxException e)
        {
            throw new SocketException((int)CodeOf(e.Error));
        }
    }

    public void ShutdownSend() => StreamSocket.ShutdownSend(stream);

    public void Abort() => StreamSocket.Shutdown(stream);

    public void Dispose() => stream.Dispose();

    /// <summary>As the framework's sockets name them.</summary>
    private static SocketError CodeOf(int error) => error switch
    {
        Errno.ENOENT => SocketError.AddressNotAvailable,
        Errno.ECONNREFUSED => SocketError.ConnectionRefused,
        Errno.EACCES or Errno.EPERM => SocketError.AccessDenied,
        Errno.ECONNRESET => SocketError.ConnectionReset,
        Errno.EPIPE => SocketError.Shutdown,
        _ => SocketError.SocketError,
    };
}

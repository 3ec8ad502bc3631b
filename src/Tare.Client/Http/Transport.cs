using System.Net;
using System.Net.Sockets;

namespace Tare.Client.Http;

/// <summary>One connected socket.</summary>
internal abstract class Transport(Socket socket) : IDisposable
{
    protected Socket Socket => socket;

    /// <summary>
    /// True when the peer has closed an idle connection, or has sent what nobody asked for: it must not be used again.
    /// </summary>
    public bool IsStale => socket.Poll(0, SelectMode.SelectRead);

    public abstract ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken ct);

    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct);

    /// <summary>Says that nothing more will be sent (half-close).</summary>
    public void ShutdownSend() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends both directions; a call that waits on another thread returns.</summary>
    public void Abort()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The peer has closed it already.
        }
    }

    public void Dispose() => socket.Dispose();

    /// <summary>Connects. Throws <see cref="SocketException"/>.</summary>
    public static async ValueTask<Transport> ConnectAsync(EngineAddress address, bool blocking, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var unix = address.SocketPath is not null;
        EndPoint end = unix ? new UnixDomainSocketEndPoint(address.SocketPath!) : new DnsEndPoint(address.Host!, address.Port);
        var socket = unix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (blocking) socket.Connect(end);
            else await socket.ConnectAsync(end, ct).ConfigureAwait(false);
            return blocking ? new BlockingTransport(socket) : new AsyncTransport(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>Calls that wait in the kernel, on the calling thread. Cancelling shuts the socket down.</summary>
internal sealed class BlockingTransport(Socket socket) : Transport(socket)
{
    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (!ct.CanBeCanceled) return new(Socket.Receive(buffer.Span, SocketFlags.None));
        ct.ThrowIfCancellationRequested();
        using var registration = ct.UnsafeRegister(static s => ((Socket)s!).Shutdown(SocketShutdown.Both), Socket);
        var count = Socket.Receive(buffer.Span, SocketFlags.None);
        ct.ThrowIfCancellationRequested();
        return new(count);
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        while (!data.IsEmpty) data = data[Socket.Send(data.Span, SocketFlags.None)..];
        return default;
    }
}

internal sealed class AsyncTransport(Socket socket) : Transport(socket)
{
    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken ct) => Socket.ReceiveAsync(buffer, SocketFlags.None, ct);

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        while (!data.IsEmpty) data = data[await Socket.SendAsync(data, SocketFlags.None, ct).ConfigureAwait(false)..];
    }
}

using System.Net;
using System.Net.Sockets;

namespace Tare.Client.Http;

/// <summary>One connection to the engine, however it is made.</summary>
internal abstract class Transport : IDisposable
{
    /// <summary>
    /// True when the peer has closed an idle connection, or has sent what nobody asked for: it must not be used again.
    /// </summary>
    public abstract bool IsStale { get; }

    public abstract ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken ct);

    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct);

    /// <summary>Says that nothing more will be sent (half-close).</summary>
    public abstract void ShutdownSend();

    /// <summary>Ends both directions; a call that waits on another thread returns.</summary>
    public abstract void Abort();

    public abstract void Dispose();

    /// <summary>Connects. Throws <see cref="SocketException"/>.</summary>
    public static async ValueTask<Transport> ConnectAsync(TareClientOptions options, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var address = options.Address;
        if (options is { Blocking: true, ConnectUnix: { } connect } && address.SocketPath is { } path) return new BlockingTransport(connect(path));
        EndPoint end = address.SocketPath is not null ? new UnixDomainSocketEndPoint(address.SocketPath) : new DnsEndPoint(address.Host!, address.Port);
        var socket = address.SocketPath is not null
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (options.Blocking) socket.Connect(end);
            else await socket.ConnectAsync(end, ct).ConfigureAwait(false);
            return options.Blocking ? new BlockingTransport(new SocketConnection(socket)) : new AsyncTransport(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>Calls that wait in the kernel, on the calling thread. Cancelling shuts the connection down.</summary>
internal sealed class BlockingTransport(IBlockingConnection connection) : Transport
{
    public override bool IsStale => connection.IsReadable;

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (!ct.CanBeCanceled) return new(connection.Receive(buffer.Span));
        ct.ThrowIfCancellationRequested();
        using var registration = ct.UnsafeRegister(static c => ((IBlockingConnection)c!).Abort(), connection);
        var count = connection.Receive(buffer.Span);
        ct.ThrowIfCancellationRequested();
        return new(count);
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        while (!data.IsEmpty) data = data[connection.Send(data.Span)..];
        return default;
    }

    public override void ShutdownSend() => connection.ShutdownSend();

    public override void Abort() => connection.Abort();

    public override void Dispose() => connection.Dispose();
}

internal sealed class AsyncTransport(Socket socket) : Transport
{
    private readonly SocketConnection connection = new(socket);

    public override bool IsStale => connection.IsReadable;

    public override ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken ct) => socket.ReceiveAsync(buffer, SocketFlags.None, ct);

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        while (!data.IsEmpty) data = data[await socket.SendAsync(data, SocketFlags.None, ct).ConfigureAwait(false)..];
    }

    public override void ShutdownSend() => connection.ShutdownSend();

    public override void Abort() => connection.Abort();

    public override void Dispose() => connection.Dispose();
}

/// <summary>A connection of the framework's own sockets.</summary>
internal sealed class SocketConnection(Socket socket) : IBlockingConnection
{
    public bool IsReadable => socket.Poll(0, SelectMode.SelectRead);

    public int Receive(Span<byte> buffer) => socket.Receive(buffer, SocketFlags.None);

    public int Send(ReadOnlySpan<byte> bytes) => socket.Send(bytes, SocketFlags.None);

    public void ShutdownSend() => socket.Shutdown(SocketShutdown.Send);

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
}

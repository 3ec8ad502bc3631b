using System.IO.Pipelines;
using System.Net.Sockets;
using Tare.Linux;

namespace Tare.Api.Hosting;

/// <summary>The other end of a connection, for what HTTP cannot say: that it is gone, and raw bytes after an upgrade.</summary>
internal interface IPeer
{
    /// <summary>
    /// Cancelled when the client will send no more, or when the server stops: the end of an answer that would otherwise go on for ever.
    /// Not for what a client may wait for after it has said everything.
    /// </summary>
    CancellationToken Gone { get; }

    /// <summary>Cancelled when the server stops.</summary>
    CancellationToken Stopping { get; }

    /// <summary>
    /// Takes the connection away from HTTP. Only when the request's body has been read and nothing of a response was written.
    /// </summary>
    HijackedConnection Hijack();
}

/// <summary>
/// A connection that speaks no HTTP any more. Input still comes through the transport's pipe, which holds what the client sent early;
/// output goes straight to the socket, so that its end can be told apart from the end of the connection.
/// </summary>
internal sealed class HijackedConnection(PipeReader input, Socket socket, Poller poller, CancellationToken stopping)
{
    /// <summary>How long a client may take to close its end after ours is closed. Closing earlier, with input unread, would reset the connection and lose output that the client has not read.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may take to read the head before output follows it anyway.</summary>
    private static readonly TimeSpan HeadPatience = TimeSpan.FromMilliseconds(100);

    private const int BufferSize = 64 * 1024;

    internal PipeReader Input => input;

    /// <summary>Cancelled when the server stops.</summary>
    internal CancellationToken Stopping => stopping;

    /// <summary>Towards the client; what is flushed has been handed to the kernel. Fails with <see cref="IOException"/> when the client is gone.</summary>
    internal PipeWriter Output { get; } = PipeWriter.Create(new NetworkStream(socket, ownsSocket: false), new StreamPipeWriterOptions(minimumBufferSize: BufferSize));

    /// <summary>
    /// Completes when the client has closed the whole connection, and not only its end for sending. Over TCP that shows when something
    /// is sent to it.
    /// </summary>
    internal async Task WaitHangUpAsync(CancellationToken cancellationToken)
    {
        using var own = Descriptors.Duplicate((int)socket.Handle);
        await poller.WaitHangUpAsync(own, cancellationToken);
    }

    /// <summary>
    /// Waits, for a moment, until the client has read what was sent: the head of the answer. A client that reads the head through a
    /// buffer and then goes on below that buffer, as docker-py does, would lose what came with it.
    /// </summary>
    /// <remarks>Nothing tells when a peer has read; it nearly always has at the first look. Over TCP it cannot be known.</remarks>
    internal async ValueTask HeadReadAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        if (socket.AddressFamily != AddressFamily.Unix)
            return;
        var start = time.GetTimestamp();
        while (SocketQueues.HasUnreceived((int)socket.Handle) && time.GetElapsedTime(start) < HeadPatience)
            await Task.Delay(TimeSpan.FromMilliseconds(1), time, cancellationToken);
    }

    /// <summary>Tells the client that nothing more comes, and waits for it to close its end.</summary>
    internal async Task FinishAsync(TimeProvider time)
    {
        using var limit = new CancellationTokenSource(Linger, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            while (true)
            {
                var read = await input.ReadAsync(either.Token);
                input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // The client is gone, or has had its time: the connection is closed either way.
        }
    }
}

using System.Net;
using Tare.Linux;

namespace Tare.Networks.Dns.Server;

/// <summary>One server that is being asked one question, from a socket of its own: each has a new source port (RFC 5452 section 9.2).</summary>
internal abstract class UpstreamAttempt(DnsLoop loop, Exchange exchange, Fd socket) : IDeadline
{
    private ulong token;
    private LinkedListNode<(long At, IDeadline Owner)>? deadline;

    protected DnsLoop Loop { get; } = loop;

    protected Exchange Exchange { get; } = exchange;

    protected Fd Socket { get; } = socket;

    /// <summary>Asks; false when it is clear at once that there will be no answer.</summary>
    public bool TryBegin(IPEndPoint server)
    {
        if (IpSocket.Connect(Socket, server) is not (0 or Errno.EINPROGRESS) || !TrySendFirst()) return false;
        deadline = Loop.UpstreamDeadlines.Set(this);
        token = Loop.Add(Socket, Interest, this);
        return true;
    }

    /// <summary>Gives up the socket.</summary>
    public virtual void Close()
    {
        if (Socket.IsClosed) return;
        Loop.UpstreamDeadlines.Clear(deadline);
        Loop.Remove(Socket, token);
        Socket.Dispose();
    }

    /// <inheritdoc/>
    public abstract void OnReady(ulong token, EpollEvents events);

    /// <inheritdoc/>
    public void OnFault(Exception fault) => Exchange.Abandon();

    /// <inheritdoc/>
    public void OnDeadline() => Exchange.Next();

    /// <summary>What the socket is first watched for.</summary>
    protected abstract EpollEvents Interest { get; }

    /// <summary>Sends what can be sent before the socket is watched.</summary>
    protected abstract bool TrySendFirst();

    protected void Watch(EpollEvents interest) => Loop.Change(Socket, interest, token);
}

/// <summary>A question by a datagram. The socket is connected: the kernel drops what others send, and says when nobody listens.</summary>
internal sealed class DatagramAttempt(DnsLoop loop, Exchange exchange, Fd socket) : UpstreamAttempt(loop, exchange, socket)
{
    /// <summary>Datagrams that are looked at before others have their turn.</summary>
    private const int Burst = 16;

    protected override EpollEvents Interest => EpollEvents.In;

    public override void OnReady(ulong token, EpollEvents events)
    {
        for (var i = 0; i < Burst; i++)
        {
            var size = IpSocket.TryReceive(Socket, Loop.Incoming, stream: false, out var error);
            if (size < 0 && error == Errno.EAGAIN) return;
            if (size < 0)
            {
                Exchange.Next();
                return;
            }
            // Whatever is not the answer is somebody's attempt to forge it, or a late one.
            var answer = Loop.Incoming.AsSpan(0, Math.Min(size, Loop.Incoming.Length));
            if (!Exchange.IsAnswer(answer)) continue;
            Exchange.Answered(answer);
            return;
        }
    }

    protected override bool TrySendFirst() => IpSocket.TrySend(Socket, Exchange.Question, out _) >= 0;
}

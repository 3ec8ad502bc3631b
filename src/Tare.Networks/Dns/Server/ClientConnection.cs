using System.Buffers;
using System.Buffers.Binary;
using Tare.Linux;
using Tare.Networks.Dns.Messages;

namespace Tare.Networks.Dns.Server;

/// <summary>
/// A connection of a client (RFC 7766): one question is answered after the other, and what it sends meanwhile waits in the socket. It has buffers
/// only while there is something in them.
/// </summary>
internal sealed class ClientConnection : IDeadline, IDnsClient
{
    private const int Prefix = sizeof(ushort);

    private readonly DnsLoop loop;
    private readonly SandboxPort port;
    private readonly ConnectionListener listener;
    private readonly Fd socket;
    private readonly ulong token;
    private LinkedListNode<(long At, IDeadline Owner)>? deadline;
    private Exchange? exchange;
    private byte[]? incoming;
    private int received;
    private byte[]? outgoing;
    private int sent;
    private int toSend;

    public ClientConnection(DnsLoop loop, SandboxPort port, ConnectionListener listener, Fd socket)
    {
        this.loop = loop;
        this.port = port;
        this.listener = listener;
        this.socket = socket;
        token = loop.Add(socket, EpollEvents.In, this);
        deadline = loop.ConnectionDeadlines.Set(this);
    }

    public bool IsStream => true;

    public void Close()
    {
        if (socket.IsClosed) return;
        loop.ConnectionDeadlines.Clear(deadline);
        loop.Remove(socket, token);
        socket.Dispose();
        exchange?.Abandon();
        Release(ref incoming);
        Release(ref outgoing);
        listener.Closed(this);
    }

    public void OnReady(ulong token, EpollEvents events)
    {
        if ((events & EpollEvents.Error) != 0)
        {
            Close();
            return;
        }
        if (outgoing is not null) Send();
        else if (exchange is null) Receive();
        // Both directions are over, and nobody waits for the answer.
        else if ((events & EpollEvents.HangUp) != 0) Close();
    }

    public void OnFault(Exception fault) => Close();

    public void OnDeadline() => Close();

    public void Reply(ReadOnlySpan<byte> answer)
    {
        if (socket.IsClosed) return;
        exchange = null;
        toSend = Prefix + answer.Length;
        sent = 0;
        outgoing = ArrayPool<byte>.Shared.Rent(toSend);
        BinaryPrimitives.WriteUInt16BigEndian(outgoing, (ushort)answer.Length);
        answer.CopyTo(outgoing.AsSpan(Prefix));
        SetDeadline();
        loop.Change(socket, EpollEvents.Out, token);
    }

    private void Send()
    {
        var count = IpSocket.TrySend(socket, outgoing.AsSpan(sent, toSend - sent), out var error);
        if (count < 0 && error == Errno.EAGAIN) return;
        sent += count;
        if (count < 0)
        {
            Close();
        }
        else if (sent == toSend)
        {
            Release(ref outgoing);
            SetDeadline();
            loop.Change(socket, EpollEvents.In, token);
        }
    }

    private void Receive()
    {
        incoming ??= ArrayPool<byte>.Shared.Rent(Prefix + DnsQuery.MaxSize);
        var expected = Prefix;
        while (true)
        {
            if (received >= Prefix) expected = Prefix + BinaryPrimitives.ReadUInt16BigEndian(incoming);
            if (expected > Prefix + DnsQuery.MaxSize) break;
            if (received == expected && received > Prefix)
            {
                Ask(incoming.AsSpan(Prefix, expected - Prefix));
                return;
            }
            if (received == expected) break;
            var count = IpSocket.TryReceive(socket, incoming.AsSpan(received, expected - received), stream: true, out var error);
            if (count < 0 && error == Errno.EAGAIN) return;
            if (count <= 0) break;
            received += count;
        }
        Close();
    }

    private void Ask(ReadOnlySpan<byte> message)
    {
        loop.ConnectionDeadlines.Clear(deadline);
        received = 0;
        // Nothing is read until the answer is sent.
        loop.Change(socket, EpollEvents.None, token);
        var waiting = port.Answer(message, this, out var ignored);
        if (ignored)
        {
            Close();
            return;
        }
        Release(ref incoming);
        // Others may have failed at once, and the answer is on its way already.
        if (outgoing is null && !socket.IsClosed) exchange = waiting;
    }

    private void SetDeadline()
    {
        loop.ConnectionDeadlines.Clear(deadline);
        deadline = loop.ConnectionDeadlines.Set(this);
    }

    private static void Release(ref byte[]? buffer)
    {
        if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
        buffer = null;
    }
}

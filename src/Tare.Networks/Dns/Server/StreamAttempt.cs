using System.Buffers;
using System.Buffers.Binary;
using Tare.Linux;

namespace Tare.Networks.Dns.Server;

/// <summary>A question by a connection: a length of two bytes goes before each message (RFC 1035 section 4.2.2, RFC 7766).</summary>
internal sealed class StreamAttempt : UpstreamAttempt
{
    private const int Prefix = sizeof(ushort);

    private readonly byte[] outgoing;
    private byte[]? incoming;
    private int sent;
    private int received;
    private int expected = Prefix;

    public StreamAttempt(DnsLoop loop, Exchange exchange, Fd socket)
        : base(loop, exchange, socket)
    {
        outgoing = new byte[Prefix + exchange.Question.Length];
        BinaryPrimitives.WriteUInt16BigEndian(outgoing, (ushort)exchange.Question.Length);
        exchange.Question.CopyTo(outgoing.AsSpan(Prefix));
    }

    protected override EpollEvents Interest => EpollEvents.Out;

    public override void Close()
    {
        base.Close();
        if (incoming is not null) ArrayPool<byte>.Shared.Return(incoming);
        incoming = null;
    }

    public override void OnReady(ulong token, EpollEvents events)
    {
        if (!(sent < outgoing.Length ? TrySend() : TryReceive())) Exchange.Next();
    }

    // The connection is still on its way.
    protected override bool TrySendFirst() => true;

    private bool TrySend()
    {
        var count = IpSocket.TrySend(Socket, outgoing.AsSpan(sent), out var error);
        if (count < 0) return error == Errno.EAGAIN;
        sent += count;
        if (sent == outgoing.Length) Watch(EpollEvents.In);
        return true;
    }

    private bool TryReceive()
    {
        incoming ??= ArrayPool<byte>.Shared.Rent(Prefix + 512);
        while (true)
        {
            var count = IpSocket.TryReceive(Socket, incoming.AsSpan(received, expected - received), stream: true, out var error);
            if (count <= 0) return count < 0 && error == Errno.EAGAIN;
            received += count;
            if (received < expected) continue;
            if (expected > Prefix) break;
            expected += BinaryPrimitives.ReadUInt16BigEndian(incoming);
            if (expected == Prefix) return false;
            if (expected > incoming.Length) Grow();
        }
        var answer = incoming.AsSpan(Prefix, expected - Prefix);
        if (!Exchange.IsAnswer(answer)) return false;
        // Closing gives the buffer back, and the answer is still wanted.
        var kept = Loop.Incoming.AsSpan(0, answer.Length);
        answer.CopyTo(kept);
        Exchange.Answered(kept);
        return true;
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(expected);
        incoming.AsSpan(0, received).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(incoming!);
        incoming = larger;
    }
}

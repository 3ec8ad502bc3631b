using System.Runtime.InteropServices;
using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>Writes the fields of a packet and gives the descriptors that go along; false: the packet is void by now.</summary>
internal delegate bool PacketWriter(ref FieldWriter writer, List<Fd> descriptors);

/// <summary>
/// One connection of a daemon. A daemon that does not read gets nothing lost and holds nobody up: its packets are kept as recipes,
/// to be written when they can be sent, and no more of its requests are read until then.
/// </summary>
internal sealed class Session
{
    /// <summary>How many requests are taken before others get their turn.</summary>
    private const int Turn = 16;

    // Of the loop's one thread, and used by one session at a time.
    private static readonly byte[] Buffer = new byte[Packet.MaxSize];
    private static readonly byte[] SendBuffer = new byte[Packet.MaxSize];

    private readonly EventLoop loop;
    private readonly Queue<(PacketType Type, ulong Request, PacketWriter Writer)> outgoing = new();
    private readonly List<Fd> received = [];
    private readonly List<Fd> sending = [];
    private ulong token;

    public Session(EventLoop loop, Fd socket, ulong id)
    {
        this.loop = loop;
        Socket = socket;
        Id = id;
    }

    public Fd Socket { get; }

    public ulong Id { get; }

    /// <summary>Whether it is told of exits.</summary>
    public bool Subscribed { get; set; }

    public bool IsClosed { get; private set; }

    /// <summary>Whether something waits to be sent.</summary>
    public bool IsCongested => outgoing.Count > 0;

    /// <summary>Is given each request: type, number, the whole packet, and descriptors that are its to dispose.</summary>
    public required Action<Session, PacketType, ulong, ReadOnlyMemory<byte>, List<Fd>> Requested { get; init; }

    public required Action<Session> Closed { get; init; }

    public void Start() => token = loop.Add(Socket, EpollEvents.In, OnReady);

    public void Send(PacketType type, ulong request, PacketWriter writer)
    {
        if (IsClosed) return;
        if (outgoing.Count == 0 && TrySend(type, request, writer)) return;
        if (IsClosed) return;
        outgoing.Enqueue((type, request, writer));
        if (outgoing.Count == 1) loop.Epoll.Modify(Socket, EpollEvents.Out, token);
    }

    public void Close()
    {
        if (IsClosed) return;
        IsClosed = true;
        loop.Remove(token, Socket);
        Socket.Dispose();
        outgoing.Clear();
        Closed(this);
    }

    private void OnReady()
    {
        while (outgoing.TryPeek(out var next))
        {
            if (!TrySend(next.Type, next.Request, next.Writer)) return;
            outgoing.Dequeue();
            if (outgoing.Count == 0) loop.Epoll.Modify(Socket, EpollEvents.In, token);
        }
        for (var i = 0; i < Turn && !IsClosed && !IsCongested; i++)
        {
            int length;
            try
            {
                length = SeqPacketSocket.Receive(Socket, Buffer, received, wait: false);
            }
            catch (LinuxException)
            {
                length = 0; // reset, or a packet of a size that no daemon sends
            }
            if (length < 0) return;
            if (length < Packet.HeaderSize)
            {
                Close();
            }
            else
            {
                var (type, request) = Packet.ReadHeader(Buffer.AsSpan(0, length));
                Requested(this, type, request, Buffer.AsMemory(Packet.HeaderSize, length - Packet.HeaderSize), received);
            }
            foreach (var fd in received) fd.Dispose();
            received.Clear();
        }
    }

    private bool TrySend(PacketType type, ulong request, PacketWriter write)
    {
        var packet = SendBuffer.AsSpan();
        Packet.WriteHeader(packet, type, request);
        var writer = new FieldWriter(packet[Packet.HeaderSize..]);
        sending.Clear();
        if (!write(ref writer, sending)) return true;
        try
        {
            return SeqPacketSocket.Send(Socket, packet[..(Packet.HeaderSize + writer.Length)], CollectionsMarshal.AsSpan(sending), wait: false);
        }
        catch (LinuxException)
        {
            Close(); // the daemon is gone
            return true;
        }
    }
}

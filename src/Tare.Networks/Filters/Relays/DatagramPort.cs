using System.Net;
using Tare.Linux;

namespace Tare.Networks.Filters.Relays;

/// <summary>A UDP socket whose datagrams go on to a container: those of each client as a flow of their own, so that answers find the way back.</summary>
internal sealed class DatagramPort : RelayPort
{
    /// <summary>What may wait in the socket, in bytes, as the kernel counts them (about what it gives a socket that nobody says anything about).</summary>
    private const int Waiting = 128 * 1024;

    private Dictionary<DatagramPath, DatagramFlow>? flows;

    public DatagramPort(RelayLoop loop, Fd socket, IPEndPoint target, Action<Exception> onFault)
        : base(loop, Prepare(socket), target, onFault)
    {
    }

    public override void OnReady(ulong token, EpollEvents events)
    {
        for (var i = 0; i < AtOnce; i++)
        {
            var size = IpDatagrams.TryReceive(Socket, Loop.Buffer, out var path, out var error);
            switch (error)
            {
                case 0:
                    FlowOf(path)?.Send(Loop.Buffer.AsSpan(0, size));
                    continue;
                case Errno.EAGAIN:
                    return;
                case Errno.ENOBUFS or Errno.ENOMEM:
                    Pause();
                    return;
                default:
                    throw new LinuxException("receive a datagram for a published port", error);
            }
        }
    }

    /// <summary>Sends a datagram to a client, from the address that it has asked. One that cannot go now is lost, as datagrams are.</summary>
    public void Answer(in DatagramPath path, ReadOnlySpan<byte> bytes) => IpDatagrams.TrySend(Socket, bytes, path, out _);

    public void Ended(in DatagramPath path) => flows!.Remove(path);

    protected override void EndAll()
    {
        foreach (var flow in flows?.Values.ToArray() ?? []) flow.Close();
    }

    /// <summary>There is no end of a flow that a client could see: what it sends next goes to the other one.</summary>
    protected override void OnLed() => EndAll();

    /// <summary>The client's flow, which may begin now; null: that is not possible, and the datagram is lost.</summary>
    private DatagramFlow? FlowOf(in DatagramPath path)
    {
        flows ??= [];
        if (flows.TryGetValue(path, out var flow)) return flow;
        Loop.MakeRoomForFlow();
        var server = TryOpen() ?? (Loop.EndIdlestFlow() ? TryOpen() : null);
        if (server is null) return null;
        try
        {
            if (IpSocket.Connect(server, Target) == 0)
            {
                flows.Add(path, flow = new DatagramFlow(Loop, this, path, server));
                return flow;
            }
        }
        catch (LinuxException)
        {
            // The kernel watches no more sockets.
        }
        server.Dispose();
        return null;
    }

    /// <summary>Null: there are no descriptors left.</summary>
    private Fd? TryOpen()
    {
        try
        {
            return OpenTowards(stream: false);
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    private static Fd Prepare(Fd socket)
    {
        IpDatagrams.Prepare(socket, Waiting);
        return socket;
    }
}

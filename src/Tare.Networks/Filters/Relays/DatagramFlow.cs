using Tare.Linux;
using Tare.Networks.Loops;

namespace Tare.Networks.Filters.Relays;

/// <summary>What one client sends to one address of the host, and what the container answers. It ends when nothing has been sent for a while, or nobody is there.</summary>
internal sealed class DatagramFlow : ISocketSource
{
    private readonly RelayLoop loop;
    private readonly DatagramPort port;
    private readonly DatagramPath path;
    private readonly Fd server;
    private readonly ulong token;

    /// <param name="loop">The loop.</param>
    /// <param name="port">Where the client sends to.</param>
    /// <param name="path">The client.</param>
    /// <param name="server">A socket that is connected to the container's, and belongs to the flow from now on.</param>
    public DatagramFlow(RelayLoop loop, DatagramPort port, in DatagramPath path, Fd server)
    {
        (this.loop, this.port, this.path, this.server) = (loop, port, path, server);
        token = loop.Add(server, EpollEvents.In, this);
        Place = loop.Begun(this);
    }

    /// <summary>When the last datagram has passed, in milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    public long LastUsed { get; set; }

    /// <summary>Its place among all flows.</summary>
    public LinkedListNode<DatagramFlow> Place { get; }

    /// <summary>To the container.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        loop.Use(this);
        // That nobody was there for an earlier one is told once, and this one has not been sent then; it is lost where it cannot go now.
        if (IpSocket.TrySend(server, bytes, out var error) < 0 && error == Errno.ECONNREFUSED) IpSocket.TrySend(server, bytes, out _);
    }

    public void OnReady(ulong token, EpollEvents events)
    {
        for (var i = 0; i < RelayPort.AtOnce; i++)
        {
            var size = IpSocket.TryReceive(server, loop.Buffer, stream: false, out var error);
            if (size < 0)
            {
                // Such as ECONNREFUSED: nobody has the port in the container. Somebody may have it when the client sends again.
                if (error != Errno.EAGAIN) Close();
                return;
            }
            loop.Use(this);
            port.Answer(path, loop.Buffer.AsSpan(0, size));
        }
    }

    public void OnFault(Exception fault) => Close();

    public void Close()
    {
        if (Place.List is null) return;
        loop.Ended(this);
        loop.Remove(server, token);
        server.Dispose();
        port.Ended(path);
    }
}

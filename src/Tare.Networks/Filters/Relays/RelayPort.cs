using System.Net;
using Tare.Linux;
using Tare.Networks.Loops;

namespace Tare.Networks.Filters.Relays;

/// <summary>A listening socket whose connections go on to a container.</summary>
internal sealed class RelayPort : ISocketSource
{
    /// <summary>How many connections are taken before others have their turn.</summary>
    private const int AtOnce = 32;

    private readonly RelayLoop loop;
    private readonly Fd socket;
    private readonly Action<Exception> onFault;
    private readonly ulong token;
    private HashSet<RelayConnection>? connections;

    public RelayPort(RelayLoop loop, Fd socket, IPEndPoint target, Action<Exception> onFault)
    {
        (this.loop, this.socket, this.onFault, Target) = (loop, socket, onFault, target);
        token = loop.Add(socket, EpollEvents.In, this);
    }

    /// <summary>The container's address and port, of connections that begin from now on.</summary>
    public IPEndPoint Target { get; set; }

    /// <summary>Takes no more, and ends what it has.</summary>
    public void Close()
    {
        loop.Forget(this);
        loop.Remove(socket, token);
        foreach (var connection in connections?.ToArray() ?? []) connection.Close();
    }

    public void OnReady(ulong token, EpollEvents events)
    {
        connections ??= [];
        for (var i = 0; i < AtOnce; i++)
        {
            if (loop.Connections >= RelayLoop.MaxConnections)
            {
                Pause();
                return;
            }
            var accepted = IpSocket.TryAccept(socket, out var error);
            if (accepted is not null)
            {
                Begin(accepted);
                continue;
            }
            switch (error)
            {
                case Errno.EAGAIN:
                    return;
                // The client has gone again (accept(2)).
                case Errno.ECONNABORTED or Errno.EPROTO:
                    continue;
                // Without descriptors the connection would be reported again and again.
                case Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM:
                    Pause();
                    return;
                default:
                    throw new LinuxException("accept a connection to a published port", error);
            }
        }
    }

    public void OnFault(Exception fault)
    {
        Close();
        onFault(fault);
    }

    public void Resume() => loop.Change(socket, EpollEvents.In, token);

    public void Ended(RelayConnection connection)
    {
        connections!.Remove(connection);
        loop.Ended();
    }

    private void Begin(Fd client)
    {
        Fd? server = null;
        try
        {
            server = loop.Open(Target.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6);
            if (IpSocket.Connect(server, Target) is 0 or Errno.EINPROGRESS)
            {
                loop.Connections++;
                connections!.Add(new RelayConnection(loop, this, client, server));
                return;
            }
        }
        catch (LinuxException)
        {
            // No descriptor for the other half: the client is told by the end of its connection.
        }
        server?.Dispose();
        client.Dispose();
    }

    private void Pause()
    {
        loop.Change(socket, EpollEvents.None, token);
        loop.Pause(this);
    }
}

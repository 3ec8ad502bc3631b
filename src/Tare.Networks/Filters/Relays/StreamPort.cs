using System.Net;
using Tare.Linux;

namespace Tare.Networks.Filters.Relays;

/// <summary>A listening socket whose connections go on to a container.</summary>
internal sealed class StreamPort(RelayLoop loop, Fd socket, IPEndPoint target, Action<Exception> onFault) : RelayPort(loop, socket, target, onFault)
{
    private HashSet<RelayConnection>? connections;

    public override void OnReady(ulong token, EpollEvents events)
    {
        connections ??= [];
        for (var i = 0; i < AtOnce; i++)
        {
            if (Loop.Connections >= RelayLoop.MaxConnections)
            {
                Pause();
                return;
            }
            var accepted = IpSocket.TryAccept(Socket, out var error);
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

    public void Ended(RelayConnection connection)
    {
        connections!.Remove(connection);
        Loop.Ended();
    }

    protected override void EndAll()
    {
        foreach (var connection in connections?.ToArray() ?? []) connection.Close();
    }

    /// <summary>Connections go on where they have begun.</summary>
    protected override void OnLed()
    {
    }

    private void Begin(Fd client)
    {
        Fd? server = null;
        try
        {
            server = OpenTowards(stream: true);
            if (IpSocket.Connect(server, Target) is 0 or Errno.EINPROGRESS)
            {
                Loop.Connections++;
                connections!.Add(new RelayConnection(Loop, this, client, server));
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
}

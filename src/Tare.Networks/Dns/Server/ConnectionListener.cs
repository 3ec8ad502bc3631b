using Tare.Linux;

namespace Tare.Networks.Dns.Server;

/// <summary>Takes the connections of one sandbox, up to a number; further ones wait in the socket until others end.</summary>
internal sealed class ConnectionListener : IDeadline
{
    private readonly DnsLoop loop;
    private readonly SandboxPort port;
    private readonly Fd socket;
    private readonly int limit;
    private readonly ulong token;
    private HashSet<ClientConnection>? connections;
    private LinkedListNode<(long At, IDeadline Owner)>? retry;
    private bool paused;

    public ConnectionListener(DnsLoop loop, SandboxPort port, Fd socket, int limit)
    {
        this.loop = loop;
        this.port = port;
        this.socket = socket;
        this.limit = limit;
        token = loop.Add(socket, EpollEvents.In, this);
    }

    public void Close()
    {
        loop.Remove(socket, token);
        loop.ConnectionDeadlines.Clear(retry);
        paused = false;
        foreach (var connection in connections?.ToArray() ?? []) connection.Close();
    }

    public void OnReady(ulong token, EpollEvents events)
    {
        connections ??= [];
        while (connections.Count < limit)
        {
            var accepted = IpSocket.TryAccept(socket, out var error);
            if (accepted is not null)
            {
                connections.Add(new ClientConnection(loop, port, this, accepted));
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
                    retry = loop.ConnectionDeadlines.Set(this);
                    return;
                default:
                    throw new LinuxException("accept a connection to the embedded DNS", error);
            }
        }
        Pause();
    }

    public void OnFault(Exception fault) => port.OnFault(fault);

    public void OnDeadline() => Resume();

    public void Closed(ClientConnection connection)
    {
        connections!.Remove(connection);
        Resume();
    }

    private void Resume()
    {
        if (!paused) return;
        loop.ConnectionDeadlines.Clear(retry);
        paused = false;
        loop.Change(socket, EpollEvents.In, token);
    }

    private void Pause()
    {
        paused = true;
        loop.Change(socket, EpollEvents.None, token);
    }
}

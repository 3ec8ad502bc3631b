using System.Net;
using Tare.Linux;

namespace Tare.Networks.Filters.Relays;

/// <summary>
/// Carries connections that reach the sockets of published TCP ports to containers. The packet filter leads all others past them: here come those to
/// ::1, those of IPv6 to a container that has IPv4 alone, and those from before the filter knew the port. The container sees the bridge's address as
/// the client's. One thread for all ports; a port that nobody uses costs a registration in epoll. Datagrams are not carried.
/// </summary>
/// <param name="network">The network namespace from which containers are reached; null: this process's.</param>
/// <param name="onFault">Told, on the relay's thread, of a socket that has failed; it is removed then.</param>
public sealed class PortRelay(Fd? network = null, Action<Fd, Exception>? onFault = null) : IDisposable
{
    private readonly RelayLoop loop = new(network);
    private readonly Dictionary<Fd, RelayPort> ports = [];

    /// <summary>Begins to take the connections of sockets, or sends those of sockets that are known somewhere else from now on.</summary>
    /// <param name="added">Listening, non-blocking sockets, which the caller keeps open until they are removed; and where their connections lead.</param>
    public Task AddAsync(params IReadOnlyCollection<(Fd Socket, IPEndPoint Target)> added) => loop.RunAsync(() =>
    {
        foreach (var (socket, target) in added)
        {
            if (ports.TryGetValue(socket, out var known)) known.Target = target;
            else ports.Add(socket, new RelayPort(loop, socket, target, fault => Fail(socket, fault)));
        }
    });

    /// <summary>
    /// Leaves sockets alone and ends their connections: when it completes, they may be closed. Nothing happens with those that are not known.
    /// </summary>
    public Task RemoveAsync(params IReadOnlyCollection<Fd> removed) => loop.RunAsync(() =>
    {
        foreach (var socket in removed)
        {
            if (ports.Remove(socket, out var port)) port.Close();
        }
    });

    /// <summary>Ends all connections, and leaves the sockets alone.</summary>
    public void Dispose()
    {
        loop.BeforeEnd(() =>
        {
            foreach (var port in ports.Values) port.Close();
            ports.Clear();
        });
        loop.Dispose();
    }

    private void Fail(Fd socket, Exception fault)
    {
        ports.Remove(socket);
        onFault?.Invoke(socket, fault);
    }
}

using System.Net;
using Tare.Linux;

namespace Tare.Networks.Filters.Relays;

/// <summary>
/// Carries what reaches the sockets of published TCP and UDP ports to containers. The packet filter leads all else past them: here comes what is
/// sent to ::1, what comes by IPv6 to a container that has IPv4 alone, and what was there before the filter knew the port. The container sees the
/// bridge's address as the client's. One thread for all ports; a port that nobody uses costs a registration in epoll.
/// </summary>
/// <param name="network">The network namespace from which containers are reached; null: this process's.</param>
/// <param name="onFault">Told, on the relay's thread, of a socket that has failed; it is removed then.</param>
public sealed class PortRelay(Fd? network = null, Action<Fd, Exception>? onFault = null) : IDisposable
{
    private readonly RelayLoop loop = new(network);
    private readonly Dictionary<Fd, RelayPort> ports = [];

    /// <summary>See <see cref="RelayLoop.MaxFlows"/>.</summary>
    internal int MaxFlows
    {
        init => loop.MaxFlows = value;
    }

    /// <summary>See <see cref="RelayLoop.FlowsLast"/>.</summary>
    internal TimeSpan FlowsLast
    {
        init => loop.FlowsLast = value;
    }

    /// <summary>
    /// Begins to take what comes to sockets, or sends what comes to those that are known somewhere else from now on: connections go on where they have
    /// begun, datagrams do not.
    /// </summary>
    /// <param name="added">
    /// Non-blocking sockets, which the caller keeps open until they are removed, and where they lead: listening ones of TCP, bound ones of UDP.
    /// </param>
    /// <exception cref="LinuxException">One is no such socket.</exception>
    public Task AddAsync(params IReadOnlyCollection<(Fd Socket, IPEndPoint Target)> added) => loop.RunAsync(() =>
    {
        foreach (var (socket, target) in added)
        {
            if (ports.TryGetValue(socket, out var known)) known.LeadTo(target);
            else ports.Add(socket, Open(socket, target));
        }
    });

    /// <summary>
    /// Leaves sockets alone and ends what goes through them: when it completes, they may be closed. Nothing happens with those that are not known.
    /// </summary>
    public Task RemoveAsync(params IReadOnlyCollection<Fd> removed) => loop.RunAsync(() =>
    {
        foreach (var socket in removed)
        {
            if (ports.Remove(socket, out var port)) port.Close();
        }
    });

    /// <summary>Ends all connections and flows, and leaves the sockets alone.</summary>
    public void Dispose()
    {
        loop.BeforeEnd(() =>
        {
            foreach (var port in ports.Values) port.Close();
            ports.Clear();
        });
        loop.Dispose();
    }

    /// <summary>How many flows of datagrams there are.</summary>
    internal async Task<int> CountFlowsAsync()
    {
        var count = 0;
        await loop.RunAsync(() => count = loop.Flows);
        return count;
    }

    private RelayPort Open(Fd socket, IPEndPoint target) =>
        IpSocket.IsStream(socket) ? new StreamPort(loop, socket, target, fault => Fail(socket, fault)) : new DatagramPort(loop, socket, target, fault => Fail(socket, fault));

    private void Fail(Fd socket, Exception fault)
    {
        ports.Remove(socket);
        onFault?.Invoke(socket, fault);
    }
}

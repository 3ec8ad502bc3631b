using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Keeper;
using Tare.Linux;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters.Ports;
using Tare.Networks.Filters.Relays;

namespace Tare.Engine.Networks.Kernel;

/// <summary>
/// The host's ports of each container: reserved by sockets, which the keeper holds as well, so that they stay taken while there is no engine.
/// What reaches such a socket is relayed.
/// </summary>
internal sealed class PortBook(IKeeper keeper, Func<string, string> nameOf, Action<EngineLogLevel, string> log) : IDisposable
{
    /// <summary>What the keeper calls them by, before the container's id.</summary>
    public const string Prefix = "ports/";

    private readonly PortReservations reservations = new();
    private readonly PortRelay relay = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<PortReservation>> byContainer = new(StringComparer.Ordinal);

    /// <summary>Reserves ports: all of them, or none.</summary>
    /// <exception cref="TareException">One is taken.</exception>
    public async Task<IReadOnlyList<PublishedPort>> ReserveAsync(string containerId, IReadOnlyList<PortRequest> requests)
    {
        var made = Allocate(requests);
        try
        {
            await TakeAsync(containerId, made, requests[0].ContainerIPv4, requests[0].ContainerIPv6);
            await keeper.HoldAsync(Prefix + containerId, [.. made.Select(one => one.Socket).OfType<Fd>()], CancellationToken.None);
            return [.. made.Select(one => one.Port)];
        }
        catch
        {
            await ReleaseAsync(containerId);
            throw;
        }
    }

    /// <summary>The ports of a container lead to another of its endpoints: so does what is relayed from now on.</summary>
    public Task LeadAsync(BridgeEndpoint endpoint) =>
        byContainer.TryGetValue(endpoint.ContainerId, out var own) ? TakeAsync(endpoint.ContainerId, own, endpoint.IPv4, endpoint.IPv6) : Task.CompletedTask;

    /// <summary>Gives a container's ports back; nothing happens where it has none.</summary>
    public async Task ReleaseAsync(string containerId)
    {
        if (!byContainer.TryRemove(containerId, out var own)) return;
        await relay.RemoveAsync([.. own.Select(one => one.Socket).OfType<Fd>()]);
        reservations.Release(own);
        await keeper.ReleaseAsync(Prefix + containerId, CancellationToken.None);
    }

    /// <summary>
    /// Goes on with the ports of a container that has had them since before this engine, by the sockets that the keeper has kept. Those that are lost,
    /// since the keeper has died as well, are reserved anew.
    /// </summary>
    /// <param name="endpoint">The endpoint that has the ports.</param>
    /// <param name="kept">The sockets, which are this object's from now on.</param>
    public async Task ResumeAsync(BridgeEndpoint endpoint, IReadOnlyList<Fd> kept)
    {
        var next = 0;
        var own = new List<PortReservation>();
        foreach (var port in endpoint.Ports)
        {
            // A protocol that the kernel does not have has no socket.
            if (next < kept.Count && IpSocket.AddressOf(kept[next]).Equals(new IPEndPoint(port.HostAddress, port.HostPort)))
            {
                own.Add(new PortReservation(port, kept[next++]));
                reservations.Adopt(own[^1]);
            }
            else
            {
                own.Add(ReserveAnew(endpoint, port));
            }
        }

        await TakeAsync(endpoint.ContainerId, own, endpoint.IPv4, endpoint.IPv6);
        Fd[] sockets = [.. own.Select(one => one.Socket).OfType<Fd>()];
        if (sockets.Length > next) await keeper.HoldAsync(Prefix + endpoint.ContainerId, sockets, CancellationToken.None);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        relay.Dispose();
        reservations.Dispose();
    }

    /// <summary>The packet filter leads to the container in any case; without a socket, nothing is relayed.</summary>
    private PortReservation ReserveAnew(BridgeEndpoint endpoint, PublishedPort port)
    {
        try
        {
            return reservations.Allocate(new PortRequest(port.Protocol, port.ContainerPort, [port.HostAddress], port.HostPort, port.HostPort) { ContainerIPv4 = endpoint.IPv4, ContainerIPv6 = endpoint.IPv6 })[0];
        }
        catch (TareException e)
        {
            log(EngineLogLevel.Warning, $"container {nameOf(endpoint.ContainerId)}: its port cannot be reserved again: {e.Message}");
            var bare = new PortReservation(port, null);
            reservations.Adopt(bare);
            return bare;
        }
    }

    private IReadOnlyList<PortReservation> Allocate(IReadOnlyList<PortRequest> requests)
    {
        try
        {
            return reservations.Allocate(requests);
        }
        catch (PortConflictException e) when (e.IsReserved && HolderOf(e) is { } holder)
        {
            throw new TareException(e.Kind, $"{e.Message}: container {nameOf(holder)} has it", e);
        }
    }

    private string? HolderOf(PortConflictException conflict) => byContainer
        .FirstOrDefault(entry => entry.Value.Any(one => one.Port.HostPort == conflict.Port && one.Port.Protocol == conflict.Protocol)).Key;

    /// <summary>What the packet filter does not lead past the sockets goes to the container by way of the relay: before the filter knows the ports, too.</summary>
    private async Task TakeAsync(string containerId, IReadOnlyList<PortReservation> own, IPAddress? ipv4, IPAddress? ipv6)
    {
        byContainer[containerId] = own;
        await relay.AddAsync(
        [
            .. own.Where(one => one is { Socket: not null, Port.Protocol: TransportProtocol.Tcp or TransportProtocol.Udp })
                .Select(one => (one.Socket!, new IPEndPoint((one.Port.HostAddress.AddressFamily == AddressFamily.InterNetworkV6 ? ipv6 ?? ipv4 : ipv4 ?? ipv6)!, one.Port.ContainerPort))),
        ]);
    }
}

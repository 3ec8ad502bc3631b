using System.Net;
using Tare.Errors;
using Tare.Linux;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Filters.Ports;

/// <summary>
/// The host's ports that are published. Each is held by a bound socket: no program of the host can take it, and <c>ss</c> shows it. The sockets
/// are duplicated for who keeps them, and <see cref="Adopt"/>ed by the next engine. For any number of threads.
/// </summary>
/// <param name="network">The network namespace; null: this process's.</param>
/// <remarks>
/// What comes before the packet filter knows the port ends in the socket: who hands the sockets of TCP and UDP to a <see cref="Relays.PortRelay"/>
/// before anything else loses none. The limit of open files is not touched: each port takes one descriptor.
/// </remarks>
public sealed class PortReservations(Fd? network = null) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<(TransportProtocol Protocol, ushort Port), List<PortReservation>> held = [];
    private readonly Dictionary<TransportProtocol, ushort> lastChosen = [];

    /// <summary>How many ports are reserved.</summary>
    public int Count
    {
        get
        {
            lock (gate) return held.Values.Sum(static list => list.Count);
        }
    }

    /// <summary>Reserves ports: all of them, or none. Exact ones come first, so that a range takes what they leave.</summary>
    /// <returns>The reservations, in the order of the requests and of their addresses.</returns>
    /// <exception cref="PortConflictException">Another has the port, or all ports of the range are taken.</exception>
    /// <exception cref="TareException">The kernel refuses: no such address, too few descriptors.</exception>
    public IReadOnlyList<PortReservation> Allocate(params IReadOnlyList<PortRequest> requests)
    {
        lock (gate) return network is null ? AllocateHere(requests) : Namespaces.InNetwork(network, () => AllocateHere(requests));
    }

    /// <summary>Goes on with reservations of an earlier engine, by the sockets that somebody has kept; they belong to this object from now on.</summary>
    /// <exception cref="InvalidOperationException">One of them is reserved already.</exception>
    public void Adopt(params IReadOnlyCollection<PortReservation> reservations)
    {
        lock (gate)
        {
            foreach (var reservation in reservations)
            {
                if (HeldBy(reservation.Port.Protocol, reservation.Port.HostAddress, reservation.Port.HostPort) is not null) throw new InvalidOperationException($"{reservation.Port} is reserved already");
                Hold(reservation);
            }
        }
    }

    /// <summary>Gives ports back and closes their sockets; nothing happens with those that are not reserved.</summary>
    public void Release(params IReadOnlyCollection<PortReservation> reservations)
    {
        lock (gate) GiveBack(reservations);
    }

    /// <summary>Closes all sockets; duplicates that others have go on holding the ports.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            foreach (var reservation in held.Values.SelectMany(static list => list)) reservation.Socket?.Dispose();
            held.Clear();
        }
    }

    private PortReservation[] AllocateHere(IReadOnlyList<PortRequest> requests)
    {
        var made = new PortReservation[requests.Count][];
        var kernel = requests.Any(static request => request.First == 0) ? KernelPorts.Read() : null;
        try
        {
            for (var i = 0; i < requests.Count; i++)
            {
                if (requests[i].IsExact) made[i] = ReserveExact(requests[i]);
            }
            for (var i = 0; i < requests.Count; i++)
            {
                if (!requests[i].IsExact) made[i] = ReserveInRange(requests[i], requests[i].First == 0 ? kernel : null);
            }
            return [.. made.SelectMany(static list => list)];
        }
        catch
        {
            foreach (var list in made) GiveBack(list ?? []);
            throw;
        }
    }

    private PortReservation[] ReserveExact(PortRequest request)
    {
        foreach (var address in request.HostAddresses)
        {
            if (HeldBy(request.Protocol, address, request.First) is { } other)
                throw new PortConflictException($"Bind for {other}:{request.First} failed: port is already allocated", address, request.First, request.Protocol, null, isReserved: true);
        }
        var made = TryReserve(request, request.First, out var error, out var failed);
        if (made is not null) return made;
        var holder = error == Errno.EADDRINUSE ? PortHolder.Find(request.Protocol, failed!, request.First) : null;
        throw Refusal(request, failed!, request.First, error, holder, $"failed to bind host port for {request.Describe(failed!)}");
    }

    /// <summary>The first port that is free.</summary>
    /// <param name="request">A range.</param>
    /// <param name="kernel">Where the request leaves the port to the engine: what there is.</param>
    private PortReservation[] ReserveInRange(PortRequest request, KernelPorts? kernel)
    {
        if (kernel is null && request.Last < request.First) throw TareException.Invalid($"invalid port range: {request.First}-{request.Last}");
        var (first, last) = kernel is null ? (request.First, request.Last) : (kernel.First, kernel.Last);
        var count = last - first + 1;
        // Each time another one: a client that still talks to the container before does not reach the next.
        var start = kernel is not null && lastChosen.TryGetValue(request.Protocol, out var before) && before >= first && before < last ? before + 1 : first;
        var (lastError, lastAddress, lastPort) = (0, request.HostAddresses[0], first);
        for (var i = 0; i < count; i++)
        {
            var port = (ushort)(first + ((start - first + i) % count));
            if (kernel?.Excluded.Contains(port) == true) continue;
            if (request.HostAddresses.Any(address => HeldBy(request.Protocol, address, port) is not null)) continue;
            var made = TryReserve(request, port, out var error, out var failed);
            if (made is not null)
            {
                if (kernel is not null) lastChosen[request.Protocol] = port;
                return made;
            }
            (lastError, lastAddress, lastPort) = (error, failed!, port);
            if (error != Errno.EADDRINUSE) throw Refusal(request, failed!, port, error, null, $"failed to bind host port {port} for {request.Describe(failed!)}");
        }
        if (lastError == 0) throw new PortConflictException("all ports are allocated", request.HostAddresses[0], first, request.Protocol, null, isReserved: true);
        throw Refusal(request, lastAddress, lastPort, lastError, PortHolder.Find(request.Protocol, lastAddress, lastPort), $"failed to bind host port {lastPort} for {request.Describe(lastAddress)}");
    }

    /// <summary>One port on all addresses, or on none.</summary>
    private PortReservation[]? TryReserve(PortRequest request, ushort port, out int error, out IPAddress? failed)
    {
        var made = new PortReservation[request.HostAddresses.Count];
        for (var i = 0; i < made.Length; i++)
        {
            var address = request.HostAddresses[i];
            var socket = PortSocket.TryReserve((byte)request.Protocol, new IPEndPoint(address, port), out error);
            if (socket is null && !(error == Errno.EPROTONOSUPPORT && request.Protocol == TransportProtocol.Sctp))
            {
                failed = address;
                GiveBack(made[..i]);
                return null;
            }
            made[i] = new PortReservation(new PublishedPort(request.Protocol, request.ContainerPort, address, port), socket);
            Hold(made[i]);
        }
        (error, failed) = (0, null);
        return made;
    }

    /// <summary>By who has the lock: what runs in another namespace runs on another thread.</summary>
    private void GiveBack(IReadOnlyCollection<PortReservation> reservations)
    {
        foreach (var reservation in reservations)
        {
            var key = (reservation.Port.Protocol, reservation.Port.HostPort);
            if (!held.TryGetValue(key, out var list) || !list.Remove(reservation)) continue;
            if (list.Count == 0) held.Remove(key);
            reservation.Socket?.Dispose();
        }
    }

    private static TareException Refusal(PortRequest request, IPAddress address, ushort port, int error, PortHolder? holder, string operation) => error switch
    {
        Errno.EADDRINUSE => new PortConflictException(
            $"{operation}: address already in use{(holder is null ? "" : $" by the process {holder.Pid} ({holder.Name})")}",
            address, port, request.Protocol, holder, isReserved: false),
        Errno.EADDRNOTAVAIL => TareException.Internal($"{operation}: cannot assign requested address: the host has no such address"),
        Errno.EMFILE or Errno.ENFILE => TareException.Internal($"{operation}: too many open files: each published port takes one, so raise the limit (LimitNOFILE, ulimit -n) of the engine"),
        _ => new LinuxException(operation, error),
    };

    private IPAddress? HeldBy(TransportProtocol protocol, IPAddress address, ushort port)
    {
        if (!held.TryGetValue((protocol, port), out var list)) return null;
        foreach (var reservation in list)
        {
            var other = reservation.Port.HostAddress;
            if (other.AddressFamily == address.AddressFamily && (other.Equals(address) || IsAny(other) || IsAny(address))) return other;
        }
        return null;
    }

    private void Hold(PortReservation reservation)
    {
        var key = (reservation.Port.Protocol, reservation.Port.HostPort);
        if (!held.TryGetValue(key, out var list)) held.Add(key, list = new List<PortReservation>(1));
        list.Add(reservation);
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}

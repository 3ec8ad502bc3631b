using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Networks.Addresses;
using Tare.Networks.Bridges;
using Tare.Networks.Catalogs;
using Tare.Networks.Parents;

namespace Tare.Networks;

/// <summary>Decides what a network is that a client asks for: checks it against those that there are, and gives it subnets, gateways and a device.</summary>
/// <param name="pools">Where subnets come from that nobody has asked for.</param>
/// <param name="defaults">Options that a network gets of which it has no others, by driver.</param>
public sealed class NetworkPlanner(IReadOnlyList<AddressPool> pools, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? defaults = null)
{
    private const string Bridge = "bridge";
    private const string EnableIPv4 = "com.docker.network.enable_ipv4";
    private const string EnableIPv6 = "com.docker.network.enable_ipv6";
    private const int DeviceDigits = 12;

    /// <summary>Decides it. Nothing is made.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="id">The network's id.</param>
    /// <param name="existing">The networks that there are.</param>
    /// <param name="routes">What the host has routes to: subnets from pools keep away from it.</param>
    /// <param name="now">When it is made.</param>
    /// <exception cref="TareException">It cannot be, in Docker's words.</exception>
    public Network Plan(NetworkRequest request, string id, NetworkCatalog existing, IReadOnlyList<IPNetwork> routes, DateTimeOffset now)
    {
        CheckName(request.Name);
        CheckDriver(request);
        if (existing.All.Any(other => other.Name == request.Name)) throw TareException.Conflict($"network with name {request.Name} already exists");
        var driver = request.Driver.Length == 0 ? Bridge : request.Driver;
        if (request.IsConfigOnly) return Configurations.Plan(request, id, now);
        request = request.ConfigFrom.Length > 0 ? Configurations.Apply(request, existing) : WithDefaults(request, driver);
        var (hasIPv4, hasIPv6) = (request.HasIPv4 == true, request.HasIPv6 == true);
        if (!hasIPv4 && !hasIPv6) throw TareException.Invalid("IPv4 or IPv6 must be enabled");
        var options = driver == Bridge ? BridgeOptions.Read(request.Options, request.IsInternal) : null;
        var network = new Network
        {
            Id = id,
            Name = request.Name,
            Driver = driver,
            Created = now,
            Options = request.Options,
            IpamOptions = request.IpamOptions,
            Labels = request.Labels,
            IsInternal = request.IsInternal,
            IsAttachable = request.IsAttachable,
            ConfigFrom = request.ConfigFrom,
            HasIPv4 = hasIPv4,
            HasIPv6 = hasIPv6,
            Subnets = Subnets(request, options, existing, routes),
            Device = options is null ? ParentOptions.Read(driver, request.Options).DeviceOf(driver, id) : options.DeviceName ?? "br-" + id[..DeviceDigits],
        };
        // Networks on one of the host's devices share it.
        return options is not null && existing.All.FirstOrDefault(other => other.Device == network.Device) is { } conflict
            ? throw TareException.Forbidden($"cannot create network {id} ({network.Device}): conflicts with network {conflict.Id} ({conflict.Device}): networks have same bridge name")
            : network;
    }

    /// <summary>With the options that all networks get, and both families decided. What is said of them by itself stands before what the options say, and those go, as with Docker.</summary>
    private NetworkRequest WithDefaults(NetworkRequest request, string driver)
    {
        var options = new Dictionary<string, string>(request.Options, StringComparer.Ordinal);
        foreach (var (name, value) in defaults?.GetValueOrDefault(driver) ?? new Dictionary<string, string>()) options.TryAdd(name, value);
        return request with { HasIPv4 = Decide(request.HasIPv4, EnableIPv4, true), HasIPv6 = Decide(request.HasIPv6, EnableIPv6, false), Options = options };

        bool Decide(bool? said, string name, bool otherwise)
        {
            if (said is { } value)
            {
                options.Remove(name);
                return value;
            }

            if (!options.TryGetValue(name, out var text)) return otherwise;
            return BridgeOptions.ReadSwitch(text) ?? throw TareException.Invalid($"driver-opt \"{name}\" is not a valid bool");
        }
    }

    private static void CheckName(string name)
    {
        if (string.IsNullOrWhiteSpace(name)) throw TareException.Invalid("invalid name: name is empty");
        // The blank is Docker's.
        if (PredefinedNetworks.IsName(name)) throw TareException.Forbidden($"operation is not permitted on predefined {name} network ");
    }

    private static void CheckDriver(NetworkRequest request)
    {
        switch (request.Driver)
        {
            case "" or Bridge or "macvlan" or "ipvlan":
                break;
            case "host" or "null":
                throw TareException.Forbidden($"only one instance of \"{request.Driver}\" network is allowed");
            case "overlay":
                throw TareException.Forbidden("This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.");
            default:
                throw TareException.NotFound($"plugin \"{request.Driver}\" not found");
        }

        if (request.IpamDriver is not ("" or "default")) throw TareException.NotFound($"plugin \"{request.IpamDriver}\" not found");
    }

    private List<Subnet> Subnets(NetworkRequest request, BridgeOptions? bridge, NetworkCatalog existing, IReadOnlyList<IPNetwork> routes)
    {
        var taken = existing.All.Where(network => !network.IsConfigOnly).SelectMany(network => network.Subnets).Select(subnet => subnet.Network).ToList();
        var asked = SubnetRequest.Read(request.Subnets, request.HasIPv6 == true);
        if (asked.Any(subnet => taken.Any(other => AddressMath.Overlap(other, subnet.Network)))) throw SubnetRequest.Overlap();
        var result = new List<Subnet>();
        foreach (var (family, wanted, mode) in new[] { (AddressFamily.InterNetwork, request.HasIPv4 == true, bridge?.Gateway4), (AddressFamily.InterNetworkV6, request.HasIPv6 == true, bridge?.Gateway6) })
        {
            if (!wanted) continue;
            var own = asked.Where(subnet => subnet.Family == family).ToList();
            if (own.Count > 1 && bridge is not null) throw TareException.Forbidden("bridge driver doesn't support multiple subnets");
            var isIsolated = mode == GatewayMode.Isolated;
            if (own.Count == 0) result.Add(FromPool(family, taken.Concat(routes), isIsolated));
            else result.AddRange(own.Select(subnet => WithGateway(subnet, isIsolated)));
        }

        return result;
    }

    private Subnet FromPool(AddressFamily family, IEnumerable<IPNetwork> taken, bool isIsolated)
    {
        var subnet = new Subnet { Network = AddressPool.Choose(pools, family, taken), IsFromPool = true };
        return isIsolated ? subnet : subnet with { Gateway = new SubnetLeases(subnet).Take(), HasGivenGateway = true };
    }

    /// <summary>The first free address of the range is the gateway, if none is asked for.</summary>
    internal static Subnet WithGateway(Subnet subnet, bool withoutGateway)
    {
        // Without the gateway, so that the one that is asked for can be taken below.
        var leases = new SubnetLeases(subnet with { Gateway = null, Auxiliary = new Dictionary<string, IPAddress>() });
        if (subnet.Gateway is { } given) Take(leases, given, $"failed to allocate gateway ({given})");
        var gateway = subnet.Gateway ?? (withoutGateway ? null : leases.Take());
        foreach (var (name, address) in subnet.Auxiliary) Take(leases, address, $"failed to allocate secondary ip address ({name}:{address})");
        return subnet with { Gateway = gateway };
    }

    private static void Take(SubnetLeases leases, IPAddress address, string what)
    {
        try
        {
            leases.Take(address);
        }
        catch (TareException e)
        {
            throw TareException.Forbidden($"{what}: {e.Message}");
        }
    }
}

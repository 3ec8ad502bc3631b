using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Networks.Addresses;

namespace Tare.Networks.Bridges;

/// <summary>Decides what the default bridge is: from what the user wants, and where he wants nothing, as it was before.</summary>
/// <param name="options">What is known of the user's wishes and the machine.</param>
internal sealed class DefaultBridgePlanner(NetworkStoreOptions options)
{
    private readonly DefaultBridgeOptions wanted = options.DefaultBridge;

    /// <summary>Decides it. Nothing is made.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="before">What it is until now; null: there is none.</param>
    /// <param name="others">The other networks.</param>
    /// <exception cref="TareException">It cannot be.</exception>
    public Network Plan(string id, Network? before, IReadOnlyCollection<Network> others)
    {
        var taken = others.SelectMany(network => network.Subnets).Select(subnet => subnet.Network).ToList();
        List<Subnet> subnets = [SubnetOf(AddressFamily.InterNetwork, wanted.Address4, wanted.Range4, wanted.Router4, before, taken)];
        if (wanted.HasIPv6) subnets.Add(SubnetOf(AddressFamily.InterNetworkV6, wanted.Address6, wanted.Range6, wanted.Router6, before, taken));
        return new Network
        {
            Id = id,
            Name = PredefinedNetworks.Bridge,
            Driver = "bridge",
            Created = before?.Created ?? options.Time.GetUtcNow(),
            Device = options.DefaultDevice,
            HasIPv6 = wanted.HasIPv6,
            Subnets = subnets,
            Options = new Dictionary<string, string>
            {
                ["com.docker.network.bridge.default_bridge"] = "true",
                ["com.docker.network.bridge.enable_icc"] = wanted.InterContainer ? "true" : "false",
                ["com.docker.network.bridge.enable_ip_masquerade"] = wanted.Masquerade ? "true" : "false",
                ["com.docker.network.bridge.host_binding_ipv4"] = wanted.HostBinding.ToString(),
                ["com.docker.network.bridge.name"] = options.DefaultDevice,
                ["com.docker.network.driver.mtu"] = wanted.Mtu.ToString(CultureInfo.InvariantCulture),
            },
        };
    }

    /// <summary>Whether two descriptions mean the same.</summary>
    public static bool AreSame(Network one, Network other) =>
        one.Device == other.Device && one.HasIPv6 == other.HasIPv6 && Maps(one.Options, other.Options) && one.Subnets.Count == other.Subnets.Count
        && one.Subnets.Zip(other.Subnets).All(pair => pair.First with { Auxiliary = pair.Second.Auxiliary } == pair.Second && Maps(pair.First.Auxiliary, pair.Second.Auxiliary));

    private static bool Maps<T>(IReadOnlyDictionary<string, T> one, IReadOnlyDictionary<string, T> other) =>
        one.Count == other.Count && one.All(entry => other.TryGetValue(entry.Key, out var value) && Equals(entry.Value, value));

    private Subnet SubnetOf(AddressFamily family, BridgeAddress? address, IPNetwork? range, IPAddress? router, Network? before, List<IPNetwork> taken)
    {
        var asked = address?.Network ?? range;
        if (asked is { } fixedNetwork && taken.Exists(other => AddressMath.Overlap(other, fixedNetwork))) throw SubnetRequest.Overlap();
        var subnet = new Subnet
        {
            Network = asked ?? Left(family, before, taken),
            Range = range,
            Gateway = address?.Address,
            HasGivenGateway = true,
            Auxiliary = router is null ? new Dictionary<string, IPAddress>() : new Dictionary<string, IPAddress> { [Subnet.RouterNameOf(family)] = router },
        };
        if (router is not null && !subnet.Network.Contains(router))
            throw TareException.Invalid($"invalid default-gateway{(family == AddressFamily.InterNetworkV6 ? "-v6" : "")} {router}: default gateway ip must be part of the network {subnet.Network}");
        return NetworkPlanner.WithGateway(subnet, withoutGateway: false);
    }

    /// <summary>What is left to the engine stays as it was, as long as it could be chosen still.</summary>
    private IPNetwork Left(AddressFamily family, Network? before, List<IPNetwork> taken)
    {
        var isPlain = family == AddressFamily.InterNetwork && !options.HasOwnPools;
        if (before?.Subnets.FirstOrDefault(subnet => subnet.Family == family)?.Network is { } known
            && ((isPlain && known.Equals(options.DefaultSubnet)) || options.Pools.Any(pool => pool.Size == known.PrefixLength && AddressMath.Contains(pool.Range, known)))) return known;
        var routes = options.HostRoutes();
        return isPlain && !routes.Concat(taken).Any(other => AddressMath.Overlap(other, options.DefaultSubnet))
            ? options.DefaultSubnet
            : AddressPool.Choose(options.Pools, family, routes.Concat(taken));
    }
}

using System.Net.Sockets;
using Tare.Networks.Addresses;

namespace Tare.Networks;

/// <summary>The networks that are always there: <c>bridge</c>, <c>host</c> and <c>none</c>.</summary>
public static class PredefinedNetworks
{
    /// <summary>The network of containers that ask for none.</summary>
    public const string Bridge = "bridge";

    /// <summary>The host's own.</summary>
    public const string Host = "host";

    /// <summary>A loopback device alone.</summary>
    public const string None = "none";

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [Bridge, Host, None];

    /// <summary>Whether a name means one of them; <c>default</c> is another word for the bridge.</summary>
    public static bool IsName(string name) => name is Bridge or Host or None or "default";

    /// <summary>Makes one that the database does not have yet.</summary>
    internal static Network Make(string name, string id, NetworkStoreOptions options) => name switch
    {
        Bridge => MakeBridge(id, options),
        Host => new Network { Id = id, Name = Host, Driver = "host", Created = options.Time.GetUtcNow(), Device = "" },
        _ => new Network { Id = id, Name = None, Driver = "null", Created = options.Time.GetUtcNow(), Device = "" },
    };

    private static Network MakeBridge(string id, NetworkStoreOptions options)
    {
        var routes = options.HostRoutes();
        var range = routes.Any(route => AddressMath.Overlap(route, options.DefaultSubnet))
            ? AddressPool.Choose(options.Pools, AddressFamily.InterNetwork, routes)
            : options.DefaultSubnet;
        var subnet = new Subnet { Network = range };
        return new Network
        {
            Id = id,
            Name = Bridge,
            Driver = "bridge",
            Created = options.Time.GetUtcNow(),
            Device = options.DefaultDevice,
            Subnets = [subnet with { Gateway = new SubnetLeases(subnet).Take(), HasGivenGateway = true }],
            Options = new Dictionary<string, string>
            {
                ["com.docker.network.bridge.default_bridge"] = "true",
                ["com.docker.network.bridge.enable_icc"] = "true",
                ["com.docker.network.bridge.enable_ip_masquerade"] = "true",
                ["com.docker.network.bridge.host_binding_ipv4"] = "0.0.0.0",
                ["com.docker.network.bridge.name"] = options.DefaultDevice,
                ["com.docker.network.driver.mtu"] = "1500",
            },
        };
    }
}

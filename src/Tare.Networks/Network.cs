using Tare.Networks.Addresses;

namespace Tare.Networks;

/// <summary>A network that somebody has made, as it is kept.</summary>
public sealed record Network
{
    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The name, of which there is one.</summary>
    public required string Name { get; init; }

    /// <summary><c>bridge</c>, <c>macvlan</c> or <c>ipvlan</c>; <c>host</c>; <c>null</c> of none, and of configurations.</summary>
    public required string Driver { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>Options of the driver, as they were given.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Options of the address management, as they were given; they mean nothing to it.</summary>
    public IReadOnlyDictionary<string, string> IpamOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether nothing leads out of it.</summary>
    public bool IsInternal { get; init; }

    /// <summary>Whether containers outside of services may join it; of a network of one machine they may always.</summary>
    public bool IsAttachable { get; init; }

    /// <summary>Whether its containers get addresses of IPv4.</summary>
    public bool HasIPv4 { get; init; } = true;

    /// <summary>Whether its containers get addresses of IPv6.</summary>
    public bool HasIPv6 { get; init; }

    /// <summary>Its subnets, in the order in which they were asked for; each has a gateway, unless the network has no way out.</summary>
    public IReadOnlyList<Subnet> Subnets { get; init; } = [];

    /// <summary>The device on the host that is the network's own, or the parent of its containers' devices.</summary>
    public required string Device { get; init; }

    /// <summary>Whether it is what other networks are made from, and no network itself: its subnets are as they were asked for, and nobody can be on it.</summary>
    public bool IsConfigOnly { get; init; }

    /// <summary>The name of the network that it is made from; or empty.</summary>
    public string ConfigFrom { get; init; } = "";

    /// <summary>Whether it is a bridge of this engine's: packets are filtered, ports published.</summary>
    public bool IsBridge => Driver == "bridge";

    /// <summary>Whether the kernel has something for it: not for host, none and configurations.</summary>
    public bool HasDevice => Device.Length > 0;
}

using System.Net;
using Tare.Networks.Addresses;
using Tare.Networks.Bridges;

namespace Tare.Networks;

/// <summary>What a <see cref="NetworkStore"/> needs to know of the machine and of the user's wishes.</summary>
public sealed record NetworkStoreOptions
{
    /// <summary>Where subnets come from that nobody asks for.</summary>
    public IReadOnlyList<AddressPool> Pools { get; init; } = AddressPool.Defaults;

    /// <summary>Whether the user has said where from: then the default bridge gets its subnet there as well.</summary>
    public bool HasOwnPools { get; init; }

    /// <summary>What the user wants of the default bridge.</summary>
    public DefaultBridgeOptions DefaultBridge { get; init; } = new();

    /// <summary>Options that new networks get of which they do not have others, by driver (<c>--default-network-opt</c>).</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> DefaultOptions { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>The device of the default bridge.</summary>
    public string DefaultDevice { get; init; } = "tare0";

    /// <summary>The subnet of the default bridge, unless the user has said otherwise, or the host has a route to it when the bridge is written down: then it is one of the pools'.</summary>
    public IPNetwork DefaultSubnet { get; init; } = IPNetwork.Parse("172.17.0.0/16");

    /// <summary>What the host has routes to.</summary>
    public Func<IReadOnlyList<IPNetwork>> HostRoutes { get; init; } = () => [];

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

using System.Net;
using Tare.Networks.Addresses;

namespace Tare.Networks;

/// <summary>What a <see cref="NetworkStore"/> needs to know of the machine and of the user's wishes.</summary>
public sealed record NetworkStoreOptions
{
    /// <summary>Where subnets come from that nobody asks for.</summary>
    public IReadOnlyList<AddressPool> Pools { get; init; } = AddressPool.Defaults;

    /// <summary>The device of the default bridge.</summary>
    public string DefaultDevice { get; init; } = "tare0";

    /// <summary>The subnet of the default bridge, unless the host has a route to it when the store is made: then it is one of the pools'.</summary>
    public IPNetwork DefaultSubnet { get; init; } = IPNetwork.Parse("172.17.0.0/16");

    /// <summary>What the host has routes to.</summary>
    public Func<IReadOnlyList<IPNetwork>> HostRoutes { get; init; } = () => [];

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

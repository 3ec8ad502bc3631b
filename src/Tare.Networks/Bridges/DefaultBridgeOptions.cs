using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Networks.Addresses;

namespace Tare.Networks.Bridges;

/// <summary>What the user wants of the default bridge: dockerd's options.</summary>
public sealed record DefaultBridgeOptions
{
    /// <summary>Whether there is none (<c>--bridge=none</c>): containers that ask for no network have a loopback device alone.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>The bridge's address and the network that it is in (<c>--bip</c>); null leaves both to the engine.</summary>
    public BridgeAddress? Address4 { get; init; }

    /// <summary>As <see cref="Address4"/>, of IPv6 (<c>--bip6</c>).</summary>
    public BridgeAddress? Address6 { get; init; }

    /// <summary>From where containers get addresses (<c>--fixed-cidr</c>), which is all of the network where no address says otherwise.</summary>
    public IPNetwork? Range4 { get; init; }

    /// <summary>As <see cref="Range4"/>, of IPv6 (<c>--fixed-cidr-v6</c>).</summary>
    public IPNetwork? Range6 { get; init; }

    /// <summary>By whom containers leave, in place of the bridge (<c>--default-gateway</c>).</summary>
    public IPAddress? Router4 { get; init; }

    /// <summary>As <see cref="Router4"/>, of IPv6 (<c>--default-gateway-v6</c>).</summary>
    public IPAddress? Router6 { get; init; }

    /// <summary>Whether it has IPv6 (<c>--ipv6</c>).</summary>
    public bool HasIPv6 { get; init; }

    /// <summary>Bytes (<c>--mtu</c>).</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>Whether its containers reach each other (<c>--icc</c>).</summary>
    public bool InterContainer { get; init; } = true;

    /// <summary>Whether what they send to the outside gets the host's address (<c>--ip-masq</c>).</summary>
    public bool Masquerade { get; init; } = true;

    /// <summary>Where ports are published that do not say it (<c>--ip</c>).</summary>
    public IPAddress HostBinding { get; init; } = IPAddress.Any;

    /// <summary>Checks what can be checked without knowing the machine.</summary>
    /// <exception cref="TareException">InvalidArgument: something does not go together.</exception>
    public void Check()
    {
        if (Mtu < 0) throw TareException.Invalid($"invalid default MTU: {Mtu}");
        Check("bip", "fixed-cidr", "default-gateway", AddressFamily.InterNetwork, Address4, Range4, Router4);
        Check("bip6", "fixed-cidr-v6", "default-gateway-v6", AddressFamily.InterNetworkV6, Address6, Range6, Router6);
    }

    private static void Check(string addressName, string rangeName, string routerName, AddressFamily family, BridgeAddress? address, IPNetwork? range, IPAddress? router)
    {
        var what = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
        if (address is not null && address.Address.AddressFamily != family) throw TareException.Invalid($"invalid {addressName} {address}: it is no {what} address");
        if (range is { } part && part.BaseAddress.AddressFamily != family) throw TareException.Invalid($"invalid {rangeName} {range}: it is no {what} subnet");
        if (router is not null && router.AddressFamily != family) throw TareException.Invalid($"invalid {routerName} {router}: it is no {what} address");
        if (address is not null && range is { } inner && !AddressMath.Contains(address.Network, inner)) throw TareException.Invalid($"invalid {rangeName} {inner}: it is not within {addressName} {address}");
        // Docker's words.
        if (router is not null && (address?.Network ?? range) is { } network && !network.Contains(router)) throw TareException.Invalid($"invalid {routerName} {router}: default gateway ip must be part of the network {network}");
    }
}

/// <summary>An address with the length of its network's prefix, such as <c>172.17.0.1/16</c>.</summary>
/// <param name="Address">The address.</param>
/// <param name="Network">The network that it is in.</param>
public sealed record BridgeAddress(IPAddress Address, IPNetwork Network)
{
    /// <summary>Reads one; null when it is none.</summary>
    public static BridgeAddress? TryParse(string text) => AddressMath.TryParse(text, out var address, out var network) ? new BridgeAddress(address, network) : null;

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{Network.PrefixLength}";
}

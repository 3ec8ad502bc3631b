using System.Net;
using System.Net.Sockets;

namespace Tare.Networks.Addresses;

/// <summary>A subnet of a network.</summary>
public sealed record Subnet
{
    /// <summary>All its addresses.</summary>
    public required IPNetwork Network { get; init; }

    /// <summary>The part from which containers get addresses that they have not asked for; <see langword="null"/> for all of it.</summary>
    public IPNetwork? Range { get; init; }

    /// <summary>The bridge's own address; <see langword="null"/> when there is none.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Whether the gateway was asked for, or came with the subnet from a pool: only such ones are shown among what is configured, as Docker does.</summary>
    public bool HasGivenGateway { get; init; }

    /// <summary>Whether the engine has chosen it: containers may ask for addresses only of subnets that somebody has asked for, as with Docker.</summary>
    public bool IsFromPool { get; init; }

    /// <summary>Addresses that others have, by what they are called.</summary>
    public IReadOnlyDictionary<string, IPAddress> Auxiliary { get; init; } = new Dictionary<string, IPAddress>();

    /// <summary>By whom containers leave: the gateway, unless an auxiliary address has the name that says it is that, as with Docker.</summary>
    public IPAddress? Router => Auxiliary.GetValueOrDefault(RouterNameOf(Family)) ?? Gateway;

    /// <summary>IPv4 or IPv6.</summary>
    public AddressFamily Family => Network.BaseAddress.AddressFamily;

    /// <summary>How an auxiliary address is called that is the containers' way out in place of the bridge.</summary>
    internal static string RouterNameOf(AddressFamily family) => family == AddressFamily.InterNetwork ? "DefaultGatewayIPv4" : "DefaultGatewayIPv6";
}

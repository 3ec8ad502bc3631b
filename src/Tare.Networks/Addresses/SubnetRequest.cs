using System.Net;
using System.Net.Sockets;
using Tare.Errors;

namespace Tare.Networks.Addresses;

/// <summary>A subnet as a client asks for it (Engine API, IPAMConfig).</summary>
/// <param name="Subnet"><c>10.0.0.0/24</c>.</param>
/// <param name="Range">As <paramref name="Subnet"/>, within it; or empty.</param>
/// <param name="Gateway">An address in it; or empty.</param>
/// <param name="Auxiliary">Addresses in it that others have, by name.</param>
public sealed record SubnetRequest(string Subnet, string Range, string Gateway, IReadOnlyDictionary<string, string> Auxiliary)
{
    /// <summary>Reads and checks what a client asks for. The gateway is still open where it asks for none.</summary>
    /// <param name="requests">The subnets.</param>
    /// <param name="withIPv6">Whether the network has IPv6; without, its subnets are passed over, as Docker does.</param>
    /// <exception cref="TareException">InvalidArgument, in Docker's words: everything that is wrong, a line each.</exception>
    public static IReadOnlyList<Subnet> Read(IReadOnlyList<SubnetRequest> requests, bool withIPv6)
    {
        var faults = new List<string>();
        var subnets = new List<Subnet>();
        foreach (var request in requests)
        {
            if (request.Read(withIPv6, faults) is { } subnet) subnets.Add(subnet);
        }

        if (faults.Count > 0) throw TareException.Invalid("invalid network config:\n" + (faults.Count == 1 ? faults[0] : string.Join('\n', faults.Select(fault => "* " + fault))));
        for (var i = 0; i < subnets.Count; i++)
        {
            if (subnets.Take(i).Any(other => AddressMath.Overlap(other.Network, subnets[i].Network))) throw Overlap();
        }

        return subnets;
    }

    /// <summary>What would be asked for to get a subnet like one that was read.</summary>
    public static SubnetRequest Of(Subnet subnet) => new(
        subnet.Network.ToString(),
        subnet.Range?.ToString() ?? "",
        subnet.Gateway?.ToString() ?? "",
        subnet.Auxiliary.ToDictionary(entry => entry.Key, entry => entry.Value.ToString()));

    /// <summary>The error for a subnet that another network has, or that overlaps it.</summary>
    public static TareException Overlap() => TareException.Forbidden("invalid pool request: Pool overlaps with other one on this address space");

    private Subnet? Read(bool withIPv6, List<string> faults)
    {
        if (!AddressMath.TryParse(Subnet, out var address, out var network))
        {
            faults.Add($"invalid subnet {Subnet}: invalid CIDR block notation");
            return null;
        }

        var family = address.AddressFamily;
        if (family == AddressFamily.InterNetworkV6 && !withIPv6) return null;
        if (!network.BaseAddress.Equals(address)) faults.Add($"invalid subnet {Subnet}: it should be {network}");
        var range = Range.Length > 0 ? ReadRange(network, faults) : null;
        var gateway = Gateway.Length > 0 ? ReadAddress(Gateway, "gateway " + Gateway, network, faults) : null;
        var auxiliary = new Dictionary<string, IPAddress>();
        foreach (var (name, text) in Auxiliary)
        {
            if (ReadAddress(text, "auxiliary address " + name, network, faults) is { } other) auxiliary[name] = other;
        }

        return new Subnet { Network = network, Range = range, Gateway = gateway, HasGivenGateway = gateway is not null, Auxiliary = auxiliary };
    }

    private IPNetwork? ReadRange(IPNetwork network, List<string> faults)
    {
        var what = $"invalid ip-range {Range}: ";
        if (!AddressMath.TryParse(Range, out var address, out var range))
        {
            faults.Add(what + "invalid CIDR block notation");
            return null;
        }

        if (address.AddressFamily != network.BaseAddress.AddressFamily)
        {
            faults.Add(what + ParentIs(network));
            return null;
        }

        if (range.PrefixLength < network.PrefixLength) faults.Add($"{what}CIDR block is bigger than its parent subnet {Subnet}");
        if (!range.BaseAddress.Equals(address)) faults.Add($"{what}it should be {range}");
        if (!AddressMath.Overlap(range, network)) faults.Add($"{what}parent subnet {Subnet} doesn't contain ip-range");
        return range;
    }

    private IPAddress? ReadAddress(string text, string what, IPNetwork network, List<string> faults)
    {
        if (!AddressMath.TryParse(text, out var address)) faults.Add($"invalid {what}: invalid address");
        else if (address.AddressFamily != network.BaseAddress.AddressFamily) faults.Add($"invalid {what}: {ParentIs(network)}");
        else if (!network.Contains(address)) faults.Add($"invalid {what}: parent subnet {Subnet} doesn't contain this address");
        else return address;
        return null;
    }

    private static string ParentIs(IPNetwork network) => $"parent subnet is an IPv{(network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 4 : 6)} block";
}

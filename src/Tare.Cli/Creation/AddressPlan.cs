using System.Net;
using Tare.Cli.Commands;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>The options --subnet, --ip-range, --gateway and --aux-address of a network: each belongs to the subnet that it lies in.</summary>
internal static class AddressPlan
{
    /// <exception cref="CommandException">They do not fit each other; Docker's words.</exception>
    public static IReadOnlyList<IPAMConfig> Build(IReadOnlyList<string> subnets, IReadOnlyList<string> ranges, IReadOnlyList<string> gateways, IReadOnlyDictionary<string, string> auxiliary)
    {
        if (subnets.Count < ranges.Count || subnets.Count < gateways.Count) throw new CommandException("every ip-range or gateway must have a corresponding subnet");
        var plan = new List<IPAMConfig>();
        foreach (var text in subnets)
        {
            if (plan.Exists(other => Contains(text, other.Subnet!) || Contains(other.Subnet!, text))) throw new CommandException("multiple overlapping subnet configuration is not supported");
            plan.Add(new IPAMConfig { Subnet = text });
        }

        foreach (var range in ranges)
        {
            if (Subnet.Parse(range) is null) throw new CommandException($"invalid CIDR address: {range}");
            foreach (var config in Of(range, "range"))
            {
                if (config.IPRange is { } other) throw new CommandException($"cannot configure multiple ranges ({range}, {other}) on the same subnet ({config.Subnet})");
                config.IPRange = range;
            }
        }

        foreach (var gateway in gateways)
        {
            foreach (var config in Of(gateway, "gateway"))
            {
                if (config.Gateway is { } other) throw new CommandException($"cannot configure multiple gateways ({gateway}, {other}) for the same subnet ({config.Subnet})");
                config.Gateway = gateway;
            }
        }

        foreach (var (name, address) in auxiliary)
        {
            foreach (var config in Of(address, "aux-address"))
                config.AuxiliaryAddresses = new SortedDictionary<string, string>(config.AuxiliaryAddresses?.ToDictionary() ?? [], StringComparer.Ordinal) { [name] = address };
        }

        return plan;

        List<IPAMConfig> Of(string address, string what)
            => plan.FindAll(config => Contains(config.Subnet!, address)) is { Count: > 0 } found ? found : throw new CommandException($"no matching subnet for {what} {address}");
    }

    /// <summary>Whether an address, or the address in front of the slash, lies in a subnet. What is no address lies nowhere.</summary>
    private static bool Contains(string subnet, string text)
    {
        var outer = Subnet.Parse(subnet) ?? throw new CommandException($"invalid subnet: invalid CIDR address: {subnet}");
        if (text.Contains('/', StringComparison.Ordinal))
            return outer.Contains((Subnet.Parse(text) ?? throw new CommandException($"invalid CIDR address: {text}")).Address);
        return PortOption.TryAddress(text, out var address) && outer.Contains(IPAddress.Parse(address));
    }
}

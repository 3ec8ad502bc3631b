using System.Globalization;
using System.Net;
using Tare.Cli.Commands;
using Tare.Cli.Creation;
using Tare.Cli.Flags;
using Tare.Engine.Networks;
using Tare.Errors;
using Tare.Networks.Addresses;
using Tare.Networks.Bridges;
using Tare.Networks.Dns.Resolvers;

namespace Tare.Cli.Roles;

/// <summary>The daemon's options of networks, with dockerd's names.</summary>
internal sealed class DaemonNetworkFlags
{
    internal const string PoolKind = "pool-options";
    internal const string OptionsKind = "mapmap";

    private const int DefaultMtu = 1500;

    private readonly TextFlag bip;
    private readonly TextFlag bip6;
    private readonly TextFlag bridge;
    private readonly ParsedFlag gateway4;
    private readonly ParsedFlag gateway6;
    private readonly ListFlag dns;
    private readonly ListFlag dnsOptions;
    private readonly ListFlag dnsSearch;
    private readonly TextFlag fixed4;
    private readonly TextFlag fixed6;
    private readonly SwitchFlag icc;
    private readonly SwitchFlag ip6Tables;
    private readonly SwitchFlag ipForward;
    private readonly SwitchFlag ipMasq;
    private readonly SwitchFlag ipTables;
    private readonly SwitchFlag ipv6;
    private readonly NumberFlag mtu;
    private readonly List<AddressPool> pools = [];
    private readonly Dictionary<string, Dictionary<string, string>> options = new(StringComparer.Ordinal);
    private readonly List<IPAddress> hostGateways = [];
    private IPAddress binding = IPAddress.Any;
    private IPAddress? router4;
    private IPAddress? router6;

    internal DaemonNetworkFlags(FlagSet flags)
    {
        bip = flags.Text("bip", "IPv4 address of the default bridge, ADDRESS/BITS");
        bip6 = flags.Text("bip6", "IPv6 address of the default bridge, ADDRESS/BITS");
        bridge = flags.Text("bridge", "\"none\" for no default bridge", 'b');
        flags.Add(new ParsedFlag("default-address-pool", '\0', "Range from which networks get subnets, base=SUBNET,size=BITS", PoolKind, AddPool));
        gateway4 = Address(flags, "default-gateway", "IPv4 address by which containers of the default bridge leave, in place of the bridge", address => router4 = address);
        gateway6 = Address(flags, "default-gateway-v6", "The same of IPv6", address => router6 = address);
        flags.Add(new ParsedFlag("default-network-opt", '\0', "Option of new networks that do not have it otherwise, DRIVER=NAME=VALUE", OptionsKind, AddOption) { Initial = "map[]" });
        dns = flags.List("dns", "Name server of containers that do not say it", check: CheckAddress);
        dnsOptions = flags.List("dns-opt", "Option of name resolution in containers that do not say it");
        dnsSearch = flags.List("dns-search", "Search domain of containers that do not say it");
        fixed4 = flags.Text("fixed-cidr", "IPv4 subnet from which containers of the default bridge get addresses");
        fixed6 = flags.Text("fixed-cidr-v6", "The same of IPv6");
        flags.List("host-gateway-ip", "What \"host-gateway\" means in --add-host; without it the addresses of the default bridge", check: AddHostGateway);
        icc = flags.Switch("icc", "Let containers of the default bridge reach each other", initial: true);
        Address(flags, "ip", "Address of the host at which ports of the default bridge are published", address => binding = address).Initial = IPAddress.Any.ToString();
        ip6Tables = flags.Add(new SwitchFlag("ip6tables", '\0', "As iptables", true));
        ipForward = flags.Switch("ip-forward", "Have the host pass packets on", initial: true);
        flags.Add(new SwitchFlag("ip-forward-no-drop", '\0', "Without effect: Tare never has the host drop what is no container's") { Hidden = true });
        ipMasq = flags.Switch("ip-masq", "Give what containers of the default bridge send to the outside the host's address", initial: true);
        ipTables = flags.Switch("iptables", "Filter and translate packets; it cannot be switched off", initial: true);
        ipv6 = flags.Switch("ipv6", "Have IPv6 on the default bridge");
        mtu = flags.Number("mtu", "Largest packet on the default bridge, in bytes", initial: DefaultMtu);
        flags.Switch("userland-proxy", "Without effect: what the kernel cannot translate is carried by the engine", initial: true);
    }

    /// <summary>What the options say.</summary>
    /// <exception cref="CommandException">They do not go together, or say what there is not.</exception>
    internal NetworkOptions Read()
    {
        if (bridge.Value is not ("" or "none")) throw new CommandException($"invalid bridge {bridge.Value}: the default bridge is the engine's own, and only \"none\" can be said; a bridge of yours is a network's with \"network create -o com.docker.network.bridge.name={bridge.Value}\"");
        foreach (var (flag, address) in new[] { (bip, "--bip"), (bip6, "--bip6") })
        {
            if (bridge.Value.Length > 0 && flag.Value.Length > 0) throw new CommandException($"You specified -b & {address}, mutually exclusive options. Please specify only one");
        }

        foreach (var flag in new[] { ipTables, ip6Tables })
        {
            if (!flag.Value)
                throw new CommandException($"{flag.Name}=false is not possible: isolation, published ports and the host's address for what containers send are rules of a table of the engine's own, which touches no other packets (\"nft list table inet tare\"); to leave addresses untranslated say --ip-masq=false, or give networks the option com.docker.network.bridge.gateway_mode_ipv4=routed");
        }

        var wanted = new DefaultBridgeOptions
        {
            IsAbsent = bridge.Value.Length > 0,
            Address4 = BridgeAddressOf(bip),
            Address6 = BridgeAddressOf(bip6),
            Range4 = SubnetOf(fixed4),
            Range6 = SubnetOf(fixed6),
            Router4 = router4,
            Router6 = router6,
            HasIPv6 = ipv6.Value,
            Mtu = mtu.Value is >= int.MinValue and <= int.MaxValue ? (int)mtu.Value : throw new CommandException($"invalid default MTU: {mtu.Value}"),
            InterContainer = icc.Value,
            Masquerade = ipMasq.Value,
            HostBinding = binding,
        };
        try
        {
            wanted.Check();
            _ = BridgeOptions.Read(new Dictionary<string, string> { ["com.docker.network.driver.mtu"] = wanted.Mtu.ToString(CultureInfo.InvariantCulture) }, isInternal: false);
        }
        catch (TareException e)
        {
            throw new CommandException(e.Message);
        }

        return new NetworkOptions
        {
            DefaultBridge = wanted,
            Pools = pools,
            DefaultOptions = options.ToDictionary(entry => entry.Key, entry => (IReadOnlyDictionary<string, string>)entry.Value, StringComparer.Ordinal),
            Dns = new DnsOverrides { Servers = dns.Values, Search = dnsSearch.Values, Options = dnsOptions.Values },
            HostGateways = hostGateways,
            EnablesForwarding = ipForward.Value,
        };
    }

    private static ParsedFlag Address(FlagSet flags, string name, string usage, Action<IPAddress> take) => flags.Add(new ParsedFlag(name, '\0', usage, "ip", text =>
    {
        if (Parse(text) is not { } address) return NoAddress(text);
        take(address);
        return null;
    }));

    private static string NoAddress(string text) => $"failed to parse IP: \"{text}\"";

    private static IPAddress? Parse(string text) => Nameserver.TryParse(text)?.Address;

    private static string? CheckAddress(ref string value) => Parse(value) is null ? $"invalid string being converted to IP address: {value}" : null;

    private static BridgeAddress? BridgeAddressOf(TextFlag flag) =>
        flag.Value.Length == 0 ? null : BridgeAddress.TryParse(flag.Value) ?? throw new CommandException($"parse {flag.Name} failed: invalid CIDR address: {flag.Value}");

    private static IPNetwork? SubnetOf(TextFlag flag) => BridgeAddressOf(flag)?.Network;

    private string? AddPool(string text)
    {
        if (CsvRecord.TryParse(text, out var fields) is { } error) return error;
        var (range, size) = ((IPNetwork?)null, 0);
        foreach (var field in fields)
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) return $"invalid field '{field}' must be a key=value pair";
            var (key, value) = (field[..equals].ToLowerInvariant(), field[(equals + 1)..]);
            switch (key)
            {
                case "base":
                    if (BridgeAddress.TryParse(value) is not { } found) return $"invalid base prefix \"{value}\": it is no subnet, such as 10.0.0.0/8";
                    range = found.Network;
                    break;
                case "size":
                    if (!int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out size)) return $"invalid size value: \"{text}\" (must be integer)";
                    break;
                default:
                    return $"unexpected key '{key}' in '{field}'";
            }
        }

        if (range is not { } whole || size <= 0) return $"invalid default address pool '{text}': it is base=SUBNET,size=BITS";
        try
        {
            pools.Add(new AddressPool(whole, size));
            return null;
        }
        catch (TareException e)
        {
            return e.Message;
        }
    }

    private string? AddOption(string text)
    {
        if (text.Split('=', 3) is not [{ Length: > 0 } driver, { Length: > 0 } name, var value]) return $"invalid default network option '{text}': it is DRIVER=NAME=VALUE";
        if (!options.TryGetValue(driver, out var own)) options[driver] = own = new Dictionary<string, string>(StringComparer.Ordinal);
        own[name] = value;
        return null;
    }

    private string? AddHostGateway(ref string text)
    {
        if (Parse(text) is not { } address) return $"invalid string being converted to IP address: {text}";
        // Docker's words.
        if (hostGateways.Exists(other => other.AddressFamily == address.AddressFamily)) return $"only one IPv{(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 4 : 6)} host gateway IP address can be specified";
        hostGateways.Add(address);
        return null;
    }
}

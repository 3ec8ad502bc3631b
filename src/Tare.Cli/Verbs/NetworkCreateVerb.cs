using Tare.Cli.Commands;
using Tare.Cli.Creation;
using Tare.Cli.Flags;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare network create: makes a network.</summary>
internal sealed class NetworkCreateVerb : Verb
{
    private readonly TextFlag _driver;
    private readonly MapFlag _options;
    private readonly ListFlag _labels;
    private readonly SwitchFlag _internal;
    private readonly SwitchFlag _ipv4;
    private readonly SwitchFlag _ipv6;
    private readonly SwitchFlag _attachable;
    private readonly SwitchFlag _ingress;
    private readonly TextFlag _scope;
    private readonly SwitchFlag _configOnly;
    private readonly TextFlag _configFrom;
    private readonly TextFlag _ipamDriver;
    private readonly MapFlag _ipamOptions;
    private readonly SliceFlag _subnets;
    private readonly SliceFlag _ranges;
    private readonly SliceFlag _gateways;
    private readonly MapFlag _auxiliary;

    public NetworkCreateVerb()
        : base("[OPTIONS] NETWORK", "Create a network", ArgumentCount.Exactly(1))
    {
        _driver = Flags.Text("driver", "Driver of the network", 'd', "bridge");
        _options = Flags.Add(new MapFlag("opt", "An option of the driver, NAME=VALUE", shorthand: 'o'));
        _labels = Flags.List("label", "A label, NAME=VALUE", check: KeyValues.CheckLabel);
        _internal = Flags.Switch("internal", "Let nothing lead out of the network");
        _ipv4 = Flags.Switch("ipv4", "Give the containers IPv4 addresses", initial: true);
        _ipv6 = Flags.Switch("ipv6", "Give the containers IPv6 addresses");
        _attachable = Flags.Switch("attachable", "Let containers be attached by hand");
        _ingress = Flags.Switch("ingress", "Make the network that a swarm's ports are published through");
        _scope = Flags.Text("scope", "Where the network is known");
        _configOnly = Flags.Switch("config-only", "Keep only a configuration, which other networks are made from");
        _configFrom = Flags.Text("config-from", "Network to take the configuration from");
        _ipamDriver = Flags.Text("ipam-driver", "Driver that manages the addresses", initial: "default");
        _ipamOptions = Flags.Add(new MapFlag("ipam-opt", "An option of that driver, NAME=VALUE"));
        _subnets = Flags.Add(new SliceFlag("subnet", "Subnet of the network, in CIDR notation"));
        _ranges = Flags.Add(new SliceFlag("ip-range", "Part of a subnet that containers get addresses from"));
        _gateways = Flags.Add(new SliceFlag("gateway", "Address of the host in a subnet"));
        _auxiliary = Flags.Add(new MapFlag("aux-address", "Address of a subnet that no container gets, NAME=ADDRESS"));
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var created = await session.Client.Networks.CreateAsync(new NetworkCreateRequest
        {
            Name = arguments[0],
            Driver = _driver.Value,
            Scope = _scope.Value,
            EnableIPv4 = _ipv4.Given ? _ipv4.Value : null,
            EnableIPv6 = _ipv6.Given ? _ipv6.Value : null,
            IPAM = new IPAM
            {
                Driver = _ipamDriver.Value,
                Options = _ipamOptions.Values,
                Config = AddressPlan.Build(_subnets.Values, _ranges.Values, _gateways.Values, _auxiliary.Values),
            },
            Internal = _internal.Value,
            Attachable = _attachable.Value,
            Ingress = _ingress.Value,
            ConfigOnly = _configOnly.Value,
            ConfigFrom = _configFrom.Value.Length > 0 ? new ConfigReference { Network = _configFrom.Value } : null,
            Options = _options.Values,
            Labels = KeyValues.ToMap(_labels.Values),
        });
        if (created.Warning.Length > 0) session.Error.WriteLine($"WARNING: {created.Warning}");
        session.Out.WriteLine(created.Id);
        return 0;
    }
}

using Tare.Cli.Commands;
using Tare.Cli.Creation;
using Tare.Cli.Flags;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare network connect: takes a container into a network.</summary>
internal sealed class NetworkConnectVerb : Verb
{
    private readonly TextFlag _ipv4;
    private readonly TextFlag _ipv6;
    private readonly ListFlag _links;
    private readonly SliceFlag _aliases;
    private readonly SliceFlag _linkLocal;
    private readonly SliceFlag _options;
    private readonly NumberFlag _priority;

    public NetworkConnectVerb()
        : base("[OPTIONS] NETWORK CONTAINER", "Connect a container to a network", ArgumentCount.Exactly(2))
    {
        _ipv4 = Flags.Text("ip", "IPv4 address of the container");
        _ipv6 = Flags.Text("ip6", "IPv6 address of the container");
        _links = Flags.List("link", "Link to another container", check: ContainerFlags.CheckLink);
        _aliases = Flags.Add(new SliceFlag("alias", "Further name of the container in the network"));
        _linkLocal = Flags.Add(new SliceFlag("link-local-ip", "Link-local address of the container"));
        _options = Flags.Add(new SliceFlag("driver-opt", "An option of the network's driver, NAME=VALUE"));
        _priority = Flags.Number("gw-priority", "The network with the highest has the default gateway; may be negative");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var options = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in _options.Values)
        {
            var equals = option.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? "" : option[..equals].Trim();
            if (name.Length == 0) throw new CommandException("invalid key/value pair format in driver options");
            options[name] = option[(equals + 1)..].Trim();
        }

        await session.Client.Networks.ConnectAsync(arguments[0], new NetworkConnectRequest
        {
            Container = arguments[1],
            EndpointConfig = new EndpointSettings
            {
                IPAMConfig = new EndpointIPAMConfig { IPv4Address = _ipv4.Value, IPv6Address = _ipv6.Value, LinkLocalIPs = _linkLocal.Values },
                Links = _links.Values.Count > 0 ? _links.Values : null,
                Aliases = _aliases.Values,
                DriverOpts = options,
                GwPriority = (int)Math.Clamp(_priority.Value, int.MinValue, int.MaxValue),
            },
        });
        return 0;
    }
}

using Tare.Engine.Containers;
using Tare.Engine.Create;
using Tare.Networks;
using Tare.Wire;

namespace Tare.Engine.Networks;

/// <summary>A container's networks, as inspect and lists show them.</summary>
internal sealed class NetworkSettingsView(NetworkStore store)
{
    private const string NoAddress = "";

    /// <summary>The networks by name: what is wanted of each, and while the container runs what has become of it.</summary>
    public IReadOnlyDictionary<string, EndpointSettings?> Networks(Container container)
    {
        var (definition, state) = (container.Definition, container.State);
        if (ContainerModes.IsContainer(definition.HostConfig.NetworkMode, out _)) return new Dictionary<string, EndpointSettings?>();
        var shown = new Dictionary<string, EndpointSettings?>(StringComparer.Ordinal);
        foreach (var (name, settings) in Attachments.Of(definition))
        {
            // Docker does not know a network's id before the first start.
            var network = state.Generation > 0 ? Attachments.Find(store.Catalog, name) : null;
            var endpoint = (state.Endpoints ?? []).FirstOrDefault(one => one.NetworkName == name || one.NetworkId == network?.Id || one.NetworkId.StartsWith(name, StringComparison.Ordinal));
            var names = Attachments.IsUserDefined(network?.Name ?? name) && state.Generation > 0 ? NameRecords.NamesOf(container, settings) : null;
            shown[endpoint?.NetworkName ?? network?.Name ?? name] = NetworkViews.Of(settings, network, endpoint, names);
        }

        return shown;
    }

    /// <summary>All of it. The members outside of <c>Networks</c> are those of the default bridge.</summary>
    public NetworkSettings Settings(Container container)
    {
        var networks = Networks(container);
        var bridge = networks.GetValueOrDefault(PredefinedNetworks.Bridge);
        var state = container.State;
        return new NetworkSettings
        {
            Bridge = "",
            SandboxID = state is { HasProcess: true, Endpoints.Count: > 0 } ? container.Id : "",
            SandboxKey = state is { HasProcess: true, Endpoints.Count: > 0 } ? $"/proc/{state.Pid}/ns/net" : "",
            Ports = state.HasProcess ? PortPublishing.Map(container.Definition, state.Endpoints ?? []) : new SortedDictionary<string, IReadOnlyList<PortBinding>?>(),
            HairpinMode = false,
            LinkLocalIPv6Address = NoAddress,
            LinkLocalIPv6PrefixLen = 0,
            EndpointID = bridge?.EndpointID ?? "",
            Gateway = bridge?.Gateway ?? NoAddress,
            GlobalIPv6Address = bridge?.GlobalIPv6Address ?? NoAddress,
            GlobalIPv6PrefixLen = bridge?.GlobalIPv6PrefixLen ?? 0,
            IPAddress = bridge?.IPAddress ?? NoAddress,
            IPPrefixLen = bridge?.IPPrefixLen ?? 0,
            IPv6Gateway = bridge?.IPv6Gateway ?? NoAddress,
            MacAddress = bridge?.MacAddress ?? NoAddress,
            Networks = networks,
        };
    }

    /// <summary>The ports of a list.</summary>
    public static IReadOnlyList<PortSummary> Ports(Container container) =>
        container.State.HasProcess ? PortPublishing.List(container.Definition, container.State.Endpoints ?? []) : [];
}

using Tare.Engine.Events;
using Tare.Wire;
using Network = Tare.Networks.Network;

namespace Tare.Engine.Networks;

/// <summary>Events of networks, with Docker's attributes.</summary>
internal sealed class NetworkEvents(EventLog log)
{
    public void Created(Network network) => Publish(network, EventAction.Create);

    public void Destroyed(Network network) => Publish(network, EventAction.Destroy);

    public void Connected(Network network, string containerId) => Publish(network, EventAction.Connect, containerId);

    public void Disconnected(Network network, string containerId) => Publish(network, EventAction.Disconnect, containerId);

    public void Pruned() => log.Publish(EventType.Network, EventAction.Prune, "", new Dictionary<string, string> { ["reclaimed"] = "0" });

    private void Publish(Network network, string action, string? containerId = null)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal) { ["name"] = network.Name, ["type"] = network.Driver };
        if (containerId is not null) attributes["container"] = containerId;
        log.Publish(EventType.Network, action, network.Id, attributes);
    }
}

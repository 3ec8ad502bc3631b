using Tare.Networks;

namespace Tare.Engine.Networks;

/// <summary>Which of a container's networks it leaves by, and is reached through: Docker's order (libnetwork, Endpoint.Less).</summary>
internal static class GatewayChoice
{
    /// <summary>The endpoint for each family; null where no network leads outside.</summary>
    public static (EndpointState? IPv4, EndpointState? IPv6) Of(IEnumerable<JoinedNetwork> joined)
    {
        var ordered = Ordered(joined).Select(one => one.Endpoint).ToList();
        return (ordered.FirstOrDefault(endpoint => endpoint.Gateway4.Length > 0), ordered.FirstOrDefault(endpoint => endpoint.Gateway6.Length > 0));
    }

    /// <summary>The endpoint through which a container is reached, to which its ports lead; null where no network leads outside.</summary>
    public static EndpointState? EntryOf(IEnumerable<JoinedNetwork> joined)
    {
        var (gateway4, gateway6) = Of(joined);
        return gateway4 ?? gateway6;
    }

    /// <summary>The best way out first.</summary>
    public static IEnumerable<JoinedNetwork> Ordered(IEnumerable<JoinedNetwork> joined) => joined
        .OrderByDescending(one => one.Priority)
        .ThenBy(one => one.Network.IsInternal)
        .ThenByDescending(one => (one.Endpoint.Gateway4.Length > 0 ? 1 : 0) + (one.Endpoint.Gateway6.Length > 0 ? 1 : 0))
        .ThenBy(one => one.Network.Name, StringComparer.Ordinal);
}

/// <summary>A network that a container is on.</summary>
/// <param name="Network">The network.</param>
/// <param name="Endpoint">The container's place there.</param>
/// <param name="Priority">How much the user wants it as the way out.</param>
internal sealed record JoinedNetwork(Network Network, EndpointState Endpoint, int Priority);

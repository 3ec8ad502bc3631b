using Tare.Api.Http;
using Tare.Engine;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>
/// The networks that are there without being made: none and host. Their ids are fixed, so that they are the same for every daemon.
/// </summary>
internal static class NetworkRoutes
{
    private static readonly Network[] BuiltIn =
    [
        Make("none", "null", "e5ebb5c45b342d2809058c85e79f9ea7940fcf78f7aac6f6c03e93710cd23faf"),
        Make("host", "host", "904b6ac199c474ad69a6a122d88180b2e0c13460683eaf1a390da0a0e2737d10"),
    ];

    internal static IEnumerable<Route> All() =>
    [
        new("GET", "/networks", ListAsync),
        new("GET", "/networks/{id}", InspectAsync),
    ];

    private static Network Make(string name, string driver, string id) => new()
    {
        Name = name,
        Id = id,
        Created = GoTime.Zero,
        Scope = "local",
        Driver = driver,
        EnableIPv4 = true,
        IPAM = new IPAM { Driver = "default" },
        Containers = new Dictionary<string, EndpointResource>(),
        Options = new Dictionary<string, string>(),
        Labels = new Dictionary<string, string>(),
    };

    private static Task ListAsync(ApiContext context)
    {
        var filters = Filters.Parse(context.Query["filters"]);
        filters.Validate("dangling", "driver", "id", "label", "name", "scope", "type");
        IReadOnlyList<Network> list = [.. BuiltIn.Where(network => Matches(network, filters)).Select(network => Of(network, context.Version, listed: true))];
        return context.JsonAsync(200, list);
    }

    private static Task InspectAsync(ApiContext context)
    {
        var found = Array.Find(BuiltIn, network => network.Name == context.Name || network.Id == context.Name)
            ?? (context.Name.Length > 0 ? Array.Find(BuiltIn, network => network.Id.StartsWith(context.Name, StringComparison.Ordinal)) : null)
            ?? throw TareException.NotFound($"network {context.Name} not found");
        return context.JsonAsync(200, Of(found, context.Version, listed: false));
    }

    private static Network Of(Network network, ApiVersion version, bool listed)
        => listed && !version.Before(52) ? network with { Containers = null } : network;

    private static bool Matches(Network network, Filters filters)
        => filters.ExactMatch("driver", network.Driver)
            && filters.FuzzyMatch("id", network.Id)
            && filters.Match("name", network.Name)
            && filters.ExactMatch("scope", network.Scope)
            && filters.ExactMatch("type", "builtin")
            && filters.MatchPairs("label", network.Labels)
            && (!filters.Contains("dangling") || !filters.GetBoolean("dangling", otherwise: false));
}

using Tare.Errors;
using Tare.Networks;
using Tare.Wire;

namespace Tare.Engine.Networks;

/// <summary>The filters of a list of networks: dangling, driver, id, label, name, scope, type.</summary>
internal sealed class NetworkFilter
{
    private readonly Filters filters;
    private readonly bool? dangling;

    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Docker's text: a filter or a value that there is not.</exception>
    internal NetworkFilter(Filters filters)
    {
        filters.Validate("dangling", "driver", "id", "label", "name", "scope", "type");
        this.filters = filters;
        foreach (var type in filters.Get("type"))
        {
            if (type is not ("builtin" or "custom")) throw TareException.Invalid($"invalid filter: 'type'='{type}'");
        }
        if (filters.Contains("dangling")) dangling = Dangling(filters.Get("dangling"));
    }

    /// <param name="network">The network.</param>
    /// <param name="isUsed">Whether a container has an endpoint in it.</param>
    internal bool Matches(NetworkInspect network, bool isUsed)
        => filters.ExactMatch("driver", network.Driver)
            && filters.Match("id", network.Id)
            && filters.Match("name", network.Name)
            && filters.ExactMatch("scope", network.Scope)
            && filters.ExactMatch("type", PredefinedNetworks.IsName(network.Name) ? "builtin" : "custom")
            && filters.MatchPairs("label", network.Labels)
            && (dangling is not { } wanted || wanted == !(isUsed || PredefinedNetworks.IsName(network.Name)));

    private static bool Dangling(IReadOnlyList<string> values)
    {
        var no = values.Contains("0") || values.Contains("false");
        var yes = values.Contains("1") || values.Contains("true");
        return no != yes ? yes : throw TareException.Invalid("invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \"0\")");
    }
}

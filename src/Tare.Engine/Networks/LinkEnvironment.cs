using System.Globalization;
using Tare.Engine.Containers;
using Tare.Networks;

namespace Tare.Engine.Networks;

/// <summary>What a container finds in its environment of those that it is linked to on the default bridge: their addresses, ports and variables.</summary>
internal static class LinkEnvironment
{
    /// <summary>The variables, in the order of the links.</summary>
    public static IEnumerable<string> Of(ContainerDefinition definition, ContainerRegistry registry)
    {
        if (definition.HostConfig.Links is not { Count: > 0 } links || definition.HostConfig.NetworkMode != PredefinedNetworks.Bridge) return [];
        var own = registry.TryFind(definition.Id)?.Name ?? "";
        return links.SelectMany(link =>
        {
            var parts = link.Split(':', 2);
            return registry.TryFind(parts[0]) is { } target ? Of(own, parts[^1], target) : [];
        });
    }

    private static IEnumerable<string> Of(string own, string alias, Container target)
    {
        var address = (target.State.Endpoints ?? []).FirstOrDefault(endpoint => endpoint.NetworkName == PredefinedNetworks.Bridge)?.IPv4;
        if (address is not { Length: > 0 }) yield break;
        var prefix = alias[(alias.LastIndexOf('/') + 1)..].ToUpperInvariant().Replace('-', '_');
        var ports = PortPublishing.Map(target.Definition, []).Keys.Select(Parse).Order().ToList();
        if (ports.Count > 0) yield return $"{prefix}_PORT={ports[0].Protocol}://{address}:{Text(ports[0].Number)}";
        foreach (var (number, protocol) in ports)
        {
            var name = $"{prefix}_PORT_{Text(number)}_{protocol.ToUpperInvariant()}";
            yield return $"{name}={protocol}://{address}:{Text(number)}";
            yield return $"{name}_ADDR={address}";
            yield return $"{name}_PORT={Text(number)}";
            yield return $"{name}_PROTO={protocol}";
        }

        yield return $"{prefix}_NAME=/{own}/{alias}";
        foreach (var entry in target.Definition.Config.Env ?? [])
        {
            // These say how its image was made, and nothing about the service.
            if (entry.Contains('=', StringComparison.Ordinal) && !entry.StartsWith("HOME=", StringComparison.Ordinal) && !entry.StartsWith("PATH=", StringComparison.Ordinal))
                yield return $"{prefix}_ENV_{entry}";
        }
    }

    private static string Text(ushort number) => number.ToString(CultureInfo.InvariantCulture);

    private static (ushort Number, string Protocol) Parse(string port)
    {
        var slash = port.IndexOf('/', StringComparison.Ordinal);
        return (ushort.Parse(port[..slash], CultureInfo.InvariantCulture), port[(slash + 1)..]);
    }
}

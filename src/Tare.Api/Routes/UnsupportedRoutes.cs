using Tare.Api.Http;
using Tare.Errors;

namespace Tare.Api.Routes;

/// <summary>
/// The rest of the API: what this engine does not do yet says so by name, and what only a swarm has says what Docker says outside of one.
/// </summary>
internal static class UnsupportedRoutes
{
    private static readonly (string Method, string Pattern, string Operation, int Since)[] NotYet =
    [
        ("POST", "/build", "ImageBuild", 0),
        ("POST", "/build/prune", "BuildPrune", 31),
        ("GET", "/plugins/privileges", "GetPluginPrivileges", 0),
        ("POST", "/plugins/pull", "PluginPull", 0),
        ("POST", "/plugins/create", "PluginCreate", 0),
        ("POST", "/swarm/init", "SwarmInit", 0),
        ("POST", "/swarm/join", "SwarmJoin", 0),
        ("POST", "/session", "Session", 0),
        ("GET", "/containers/{id}/stats", "ContainerStats", 0),
        ("GET", "/containers/{id}/attach/ws", "ContainerAttachWebsocket", 0),
        ("HEAD", "/containers/{id}/archive", "ContainerArchiveInfo", 0),
        ("GET", "/containers/{id}/archive", "ContainerArchive", 0),
        ("PUT", "/containers/{id}/archive", "PutContainerArchive", 0),
        ("GET", "/images/{name}/attestations", "ImageAttestations", 55),
        ("POST", "/plugins/{name}/enable", "PluginEnable", 0),
        ("POST", "/plugins/{name}/disable", "PluginDisable", 0),
        ("POST", "/plugins/{name}/upgrade", "PluginUpgrade", 26),
        ("POST", "/plugins/{name}/push", "PluginPush", 0),
        ("POST", "/plugins/{name}/set", "PluginSet", 0),
        ("DELETE", "/plugins/{name}", "PluginDelete", 0),
    ];

    private static readonly (string Method, string Pattern)[] InSwarm =
    [
        ("GET", "/nodes"),
        ("GET", "/swarm"),
        ("POST", "/swarm/leave"),
        ("POST", "/swarm/update"),
        ("GET", "/swarm/unlockkey"),
        ("POST", "/swarm/unlock"),
        ("GET", "/services"),
        ("POST", "/services/create"),
        ("GET", "/tasks"),
        ("GET", "/secrets"),
        ("POST", "/secrets/create"),
        ("GET", "/configs"),
        ("POST", "/configs/create"),
        ("POST", "/nodes/{id}/update"),
        ("POST", "/services/{id}/update"),
        ("GET", "/services/{id}/logs"),
        ("GET", "/tasks/{id}/logs"),
        ("POST", "/secrets/{id}/update"),
        ("POST", "/configs/{id}/update"),
        ("GET", "/nodes/{id}"),
        ("DELETE", "/nodes/{id}"),
        ("GET", "/services/{id}"),
        ("DELETE", "/services/{id}"),
        ("GET", "/tasks/{id}"),
        ("GET", "/secrets/{id}"),
        ("DELETE", "/secrets/{id}"),
        ("GET", "/configs/{id}"),
        ("DELETE", "/configs/{id}"),
    ];

    internal static IEnumerable<Route> All() =>
    [
        new("GET", "/plugins", static context => context.JsonAsync<IReadOnlyList<string>>(200, [])),
        new("GET", "/plugins/{name}/json", static context => throw TareException.NotFound($"plugin {Query.Quote(context.Name)} not found")),
        .. NotYet.Select(entry => new Route(entry.Method, entry.Pattern, _ => throw Unsupported(entry.Method, entry.Pattern, entry.Operation), entry.Since)),
        .. InSwarm.Select(entry => new Route(entry.Method, entry.Pattern, static _ => throw OutsideSwarm())),
    ];

    private static TareException Unsupported(string method, string pattern, string operation)
        => TareException.NotImplemented($"this engine does not support {operation} ({method} {pattern}) yet");

    private static TareException OutsideSwarm() => new(
        ErrorKind.Unavailable,
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.");
}

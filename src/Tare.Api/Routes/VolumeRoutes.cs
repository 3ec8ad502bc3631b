using Tare.Api.Http;
using Tare.Engine;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>Volumes: there are none yet, and clients that look for them are told so.</summary>
internal static class VolumeRoutes
{
    internal static IEnumerable<Route> All() =>
    [
        new("GET", "/volumes", ListAsync),
        new("GET", "/volumes/{name}", InspectAsync),
    ];

    private static Task ListAsync(ApiContext context)
    {
        Filters.Parse(context.Query["filters"]).Validate("dangling", "driver", "label", "name");
        return context.JsonAsync(200, new VolumeListResponse());
    }

    private static Task InspectAsync(ApiContext context) => throw TareException.NotFound($"get {context.Name}: no such volume");
}

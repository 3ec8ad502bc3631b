using System.Globalization;
using Tare.Api.Backends;
using Tare.Api.Http;
using Tare.Engine;
using Tare.Engine.Host;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Routes;

/// <summary>The engine itself: is it there, what is it, what happens.</summary>
internal sealed class SystemRoutes(ISystemBackend system)
{
    internal IEnumerable<Route> All() =>
    [
        new("GET", "/_ping", PingAsync),
        new("HEAD", "/_ping", PingAsync),
        new("GET", "/version", VersionAsync),
        new("GET", "/info", InfoAsync),
        new("GET", "/events", EventsAsync),
        new("GET", "/system/df", DiskUsageAsync),
    ];

    private static Task PingAsync(ApiContext context)
    {
        var headers = context.ResponseHeaders;
        headers.CacheControl = "no-cache, no-store, must-revalidate";
        headers.Pragma = "no-cache";
        headers["Builder-Version"] = "1";
        headers["Swarm"] = "inactive";
        if (context.Method == "GET")
            return context.TextAsync(200, "OK");
        headers.ContentType = "text/plain; charset=utf-8";
        headers.ContentLength = 0;
        return Task.CompletedTask;
    }

    private Task VersionAsync(ApiContext context) => context.JsonAsync(200, system.Version());

    private async Task InfoAsync(ApiContext context)
    {
        var info = await system.InfoAsync(context.Peer.Stopping);
        await context.JsonAsync(200, Compatibility.Of(info, context.Version));
    }

    private async Task EventsAsync(ApiContext context)
    {
        var since = Timestamp(context, "since");
        var until = Timestamp(context, "until");
        if (since is { } from && until is { } to && to < from)
            throw TareException.Invalid($"`since` time ({context.Query["since"]}) cannot be after `until` time ({context.Query["until"]})");

        var gone = context.Peer.Gone;
        var events = system.Events(context.Query.Text("since"), context.Query.Text("until"), Filters.Parse(context.Query["filters"]), gone);
        var contentType = JsonLines.Negotiate(context);
        using var lines = new JsonLines(context, contentType, "\n");
        await lines.StartAsync(gone);
        await foreach (var message in events.WithCancellation(gone))
        {
            if (Compatibility.Knows(message, context.Version))
                await lines.WriteAsync(Compatibility.Of(message, context.Version), gone);
        }
    }

    private async Task DiskUsageAsync(ApiContext context)
    {
        var kinds = context.Version.Before(42) ? [] : context.Query.All("type");
        var usage = await system.DiskUsageAsync(kinds.Count == 0 ? DiskUsageKinds.All : kinds.Aggregate((DiskUsageKinds)0, (all, kind) => all | KindOf(kind)), context.Peer.Gone);
        usage = Compatibility.Of(usage, context.Version);
        await (context.Version.Before(52) ? context.JsonAsync(200, usage) : context.JsonAsync(200, DiskUsageSummary.Of(usage, context.Query.Flag("verbose"))));
    }

    private static DiskUsageKinds KindOf(string type) => type switch
    {
        "container" => DiskUsageKinds.Containers,
        "image" => DiskUsageKinds.Images,
        "volume" => DiskUsageKinds.Volumes,
        "build-cache" => DiskUsageKinds.BuildCache,
        _ => throw TareException.Invalid($"unknown object type: {type}"),
    };

    private static decimal? Timestamp(ApiContext context, string name)
    {
        if (context.Query.Text(name) is not { } text)
            return null;
        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            ? seconds
            : throw TareException.Invalid($"invalid value for '{name}': invalid timestamp {Query.Quote(text)}: it has to be seconds since 1970, with or without a fraction");
    }
}

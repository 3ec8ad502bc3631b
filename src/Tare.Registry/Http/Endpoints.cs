using Microsoft.AspNetCore.Http;
using Tare.Registry.Access;
using Tare.Registry.Blobs;
using Tare.Registry.Manifests;
using Tare.Registry.Metrics;
using Tare.Registry.Search;
using Tare.Registry.Uploads;
using Tare.Registry.Web;

namespace Tare.Registry.Http;

/// <summary>What answers at each path.</summary>
internal sealed class Endpoints
{
    private static readonly ReadOnlyMemory<byte> EmptyObject = "{}"u8.ToArray();

    internal required BlobEndpoint Blobs { get; init; }

    internal required UploadEndpoint Uploads { get; init; }

    internal required ManifestEndpoint Manifests { get; init; }

    internal required TagEndpoint Tags { get; init; }

    internal required ReferrersEndpoint Referrers { get; init; }

    internal required CatalogEndpoint Catalog { get; init; }

    internal required SearchEndpoint Search { get; init; }

    internal required TokenEndpoint Token { get; init; }

    internal required MetricsEndpoint Metrics { get; init; }

    internal required WebEndpoint Web { get; init; }

    internal Task ServeAsync(Exchange exchange) => exchange.Route.Endpoint switch
    {
        RouteKind.Blob => Blobs.ServeAsync(exchange),
        RouteKind.Manifest => Manifests.ServeAsync(exchange),
        RouteKind.Upload or RouteKind.Uploads => Uploads.ServeAsync(exchange),
        RouteKind.Base => BaseAsync(exchange),
        RouteKind.Tags => Tags.ServeAsync(exchange),
        RouteKind.Referrers => Referrers.ServeAsync(exchange),
        RouteKind.Catalog => Catalog.ServeAsync(exchange),
        RouteKind.Search => Search.ServeAsync(exchange),
        RouteKind.SearchPing => SearchEndpoint.PingAsync(exchange),
        RouteKind.Token => Token.ServeAsync(exchange),
        RouteKind.Metrics => Metrics.ServeAsync(exchange),
        RouteKind.Health => HealthAsync(exchange),
        RouteKind.Home => Web.HomeAsync(exchange),
        RouteKind.Page => Web.RepositoryAsync(exchange),
        RouteKind.Style => WebEndpoint.StyleAsync(exchange),
        RouteKind.Login => WebEndpoint.LoginAsync(exchange),
        _ => throw RefusalException.NotFound(),
    };

    private static Task BaseAsync(Exchange exchange)
    {
        exchange.MustRead();
        return exchange.SendAsync(StatusCodes.Status200OK, ContentTypes.Json, EmptyObject);
    }

    private static Task HealthAsync(Exchange exchange)
    {
        exchange.MustRead();
        return exchange.SendAsync(StatusCodes.Status200OK, ContentTypes.Text, "ok\n"u8.ToArray());
    }
}

/// <summary>Checks that several endpoints make.</summary>
internal static class ExchangeChecks
{
    /// <summary>Nothing but GET and HEAD makes sense here.</summary>
    internal static void MustRead(this Exchange exchange)
    {
        if (exchange.Method != HttpMethods.Get && exchange.Method != HttpMethods.Head) throw NotAllowed(exchange, "GET, HEAD");
    }

    internal static RefusalException NotAllowed(this Exchange exchange, string allowed)
    {
        exchange.Headers.Allow = allowed;
        return RefusalException.Unsupported($"the method {exchange.Method} is not supported here");
    }

    /// <summary>Reads a digest of the path or the query.</summary>
    internal static Oci.Digest ReadDigest(string? text) =>
        Oci.Digest.TryParse(text, out var digest) ? digest : throw RefusalException.DigestInvalid("provided digest is no digest of sha256 or sha512", text);
}

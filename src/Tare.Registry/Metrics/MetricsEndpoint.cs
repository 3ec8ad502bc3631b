using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tare.Registry.Http;
using Tare.Store;

namespace Tare.Registry.Metrics;

/// <summary><c>/metrics</c>, in Prometheus' text format. It names no repository and no user.</summary>
internal sealed class MetricsEndpoint(Database database, RegistryMetrics metrics)
{
    private const string Prefix = "tare_registry_";
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    internal Task ServeAsync(Exchange exchange)
    {
        exchange.MustRead();
        return exchange.TextAsync(StatusCodes.Status200OK, ContentType, Render());
    }

    private string Render()
    {
        var text = new StringBuilder();
        Head(text, "requests_total", "Requests by endpoint, method and status.", "counter");
        foreach (var (endpoint, method, status, count) in metrics.Requests.OrderBy(row => (row.Endpoint, row.Method, row.Status)))
            text.Append(CultureInfo.InvariantCulture, $"{Prefix}requests_total{{endpoint=\"{Name(endpoint)}\",method=\"{method}\",status=\"{status}\"}} {count}\n");
        Head(text, "request_seconds", "How long requests took.", "histogram");
        foreach (var (endpoint, buckets, seconds) in metrics.Durations.OrderBy(row => row.Endpoint)) Histogram(text, Name(endpoint), buckets, seconds);
        foreach (var (name, help, value) in metrics.Counters)
        {
            Head(text, name, help, "counter");
            text.Append(CultureInfo.InvariantCulture, $"{Prefix}{name} {value}\n");
        }

        foreach (var (name, help, value) in Gauges())
        {
            Head(text, name, help, "gauge");
            text.Append(CultureInfo.InvariantCulture, $"{Prefix}{name} {value}\n");
        }

        return text.ToString();
    }

    private IReadOnlyList<(string Name, string Help, long Value)> Gauges() => database.Read(session =>
    {
        long Number(string sql) => session.QueryFirst(sql, row => row.GetInt64(0));
        return (IReadOnlyList<(string, string, long)>)
        [
            ("repositories", "Repositories.", Number("SELECT count(*) FROM registry_repository")),
            ("manifests", "Manifests.", Number("SELECT count(*) FROM registry_manifest")),
            ("tags", "Tags.", Number("SELECT count(*) FROM registry_tag")),
            ("blobs", "Blobs.", Number("SELECT count(*) FROM registry_blob")),
            ("blob_bytes", "Bytes of all blobs.", Number("SELECT coalesce(sum(size), 0) FROM registry_blob")),
            ("uploads", "Uploads that have begun and not ended.", Number("SELECT count(*) FROM registry_upload")),
        ];
    });

    private static void Histogram(StringBuilder text, string endpoint, long[] buckets, double seconds)
    {
        long sum = 0;
        for (var i = 0; i < buckets.Length; i++)
        {
            sum += buckets[i];
            var bound = i < RegistryMetrics.Bounds.Length ? RegistryMetrics.Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
            text.Append(CultureInfo.InvariantCulture, $"{Prefix}request_seconds_bucket{{endpoint=\"{endpoint}\",le=\"{bound}\"}} {sum}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{Prefix}request_seconds_sum{{endpoint=\"{endpoint}\"}} {seconds}\n");
        text.Append(CultureInfo.InvariantCulture, $"{Prefix}request_seconds_count{{endpoint=\"{endpoint}\"}} {sum}\n");
    }

    private static string Name(RouteKind endpoint) => endpoint switch
    {
        RouteKind.Base => "base",
        RouteKind.Blob => "blob",
        RouteKind.Catalog => "catalog",
        RouteKind.Manifest => "manifest",
        RouteKind.Referrers => "referrers",
        RouteKind.Search or RouteKind.SearchPing => "search",
        RouteKind.Tags => "tags",
        RouteKind.Token => "token",
        RouteKind.Upload or RouteKind.Uploads => "upload",
        RouteKind.Home or RouteKind.Page or RouteKind.Style or RouteKind.Login => "web",
        RouteKind.Health => "health",
        RouteKind.Metrics => "metrics",
        _ => "none",
    };

    private static void Head(StringBuilder text, string name, string help, string type) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {Prefix}{name} {help}\n# TYPE {Prefix}{name} {type}\n");
}

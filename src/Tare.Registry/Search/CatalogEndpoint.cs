using Tare.Registry.Access;
using Tare.Registry.Http;
using Tare.Registry.Metadata;
using Tare.Store;

namespace Tare.Registry.Search;

/// <summary><c>/v2/_catalog</c>: the repositories that the caller may pull from.</summary>
internal sealed class CatalogEndpoint(Database database, Gatekeeper gatekeeper)
{
    internal Task ServeAsync(Exchange exchange)
    {
        exchange.MustRead();
        var page = Page.Of(exchange.Query);
        var names = page.Cut(exchange, VisibleRepositories.After(database, gatekeeper, exchange.Caller, page.Last, page.Count + 1));
        return exchange.JsonAsync(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("repositories");
            foreach (var name in names) json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }
}

/// <summary>Repositories as somebody sees them.</summary>
internal static class VisibleRepositories
{
    private const int Batch = 500;

    /// <summary>The next names behind one, in order, without those that the caller may not see.</summary>
    internal static List<string> After(Database database, Gatekeeper gatekeeper, Caller caller, string last, int count, Func<string, bool>? fits = null)
    {
        var visible = new List<string>();
        while (visible.Count < count)
        {
            var from = last;
            var names = database.Read(session => Repositories.List(session, from, Batch));
            foreach (var name in names)
            {
                if (fits?.Invoke(name) == false || !gatekeeper.MaySee(caller, name)) continue;
                visible.Add(name);
                if (visible.Count == count) break;
            }

            if (names.Count < Batch) break;
            last = names[^1];
        }

        return visible;
    }
}

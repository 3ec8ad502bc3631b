using Tare.Registry.Cache;
using Tare.Registry.Http;
using Tare.Registry.Metadata;
using Tare.Store;

namespace Tare.Registry.Manifests;

/// <summary><c>/v2/NAME/tags/list</c></summary>
internal sealed class TagEndpoint(Database database, PullThrough cache)
{
    internal async Task ServeAsync(Exchange exchange)
    {
        exchange.MustRead();
        var page = Page.Of(exchange.Query);
        var tags = await cache.TagsAsync(exchange.Name, page.Last, page.Count + 1, exchange.Gone)
            ?? Ours(exchange, page)
            ?? throw RefusalException.NameUnknown(exchange.Name);
        tags = page.Cut(exchange, tags);
        await exchange.JsonAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("name", exchange.Name);
            json.WriteStartArray("tags");
            foreach (var tag in tags) json.WriteStringValue(tag);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private IReadOnlyList<string>? Ours(Exchange exchange, Page page) => database.Read(session =>
        Repositories.Find(session, exchange.Name) is { } repository ? ManifestCatalog.Tags(session, repository, page.Last, page.Count + 1) : null);
}

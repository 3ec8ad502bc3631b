using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tare.Registry.Access;
using Tare.Registry.Blobs;
using Tare.Registry.Http;
using Tare.Registry.Metadata;
using Tare.Registry.Search;
using Tare.Store;

namespace Tare.Registry.Web;

/// <summary>The pages for people: a list of what they may pull, and each repository's tags. No script, and nothing from elsewhere.</summary>
internal sealed class WebEndpoint(Database database, BlobFiles files, SearchEndpoint search, Gatekeeper gatekeeper)
{
    private const int PageLength = 50;
    private const int TagsOfPage = 25;

    private static readonly StringValues Policy = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    private static readonly StringValues NoReferrer = "no-referrer";
    private static readonly StringValues NoStore = "no-store";
    private static readonly byte[] Sheet = Style.Sheet.ToArray();

    private readonly TagReader tags = new(database, files);

    internal Task HomeAsync(Exchange exchange)
    {
        exchange.MustRead();
        var query = exchange.Query["q"] ?? "";
        var names = search.Find(query, exchange.Caller, exchange.Query["last"] ?? "", PageLength + 1);
        var rows = database.Read(session => names.Take(PageLength).Select(name => RowOf(session, name)).ToList());
        return PageAsync(exchange, StatusCodes.Status200OK, HomePage.Render(exchange, rows, query, names.Count > PageLength ? rows[^1].Name : null, MayLogIn));
    }

    internal Task RepositoryAsync(Exchange exchange)
    {
        exchange.MustRead();
        var skip = int.TryParse(exchange.Query["skip"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : 0;
        var count = database.Read(session => Repositories.Find(session, exchange.Name) is { } id
            ? session.QueryFirst("SELECT count(*) FROM registry_tag WHERE repository = ?", row => (long?)row.GetInt64(0), id)
            : null) ?? throw RefusalException.NameUnknown(exchange.Name);
        var views = tags.Read(exchange.Name, skip, TagsOfPage);
        return PageAsync(exchange, StatusCodes.Status200OK, RepositoryPage.Render(exchange, views, count, count > skip + (long)TagsOfPage ? skip + TagsOfPage : null, MayLogIn));
    }

    internal static Task StyleAsync(Exchange exchange)
    {
        exchange.MustRead();
        exchange.Headers.CacheControl = "max-age=3600";
        return exchange.SendAsync(StatusCodes.Status200OK, "text/css; charset=utf-8", Sheet);
    }

    /// <summary>Whoever gets here has given a name and a password, which the browser now sends along.</summary>
    internal static Task LoginAsync(Exchange exchange)
    {
        exchange.MustRead();
        exchange.Headers.Location = "/";
        exchange.Empty(StatusCodes.Status303SeeOther);
        return Task.CompletedTask;
    }

    internal Task FailAsync(Exchange exchange, int status, string message)
    {
        var page = Frame.Open(exchange, message, "", MayLogIn).Raw("<h1>").Number(status).Raw("</h1><p>").Text(message).Raw("</p>");
        return PageAsync(exchange, status, Frame.Close(page));
    }

    private bool MayLogIn => gatekeeper.Rules.Enabled;

    private static RepositoryRow RowOf(ReadSession session, string name) => session.QueryFirst(
        """
        SELECT (SELECT count(*) FROM registry_tag WHERE repository = r.id),
               (SELECT coalesce(sum(b.size), 0) FROM registry_link AS l JOIN registry_blob AS b ON b.digest = l.digest WHERE l.repository = r.id),
               (SELECT max(pushed) FROM registry_manifest WHERE repository = r.id)
        FROM registry_repository AS r WHERE r.name = ?
        """,
        row => new RepositoryRow(name, row.GetInt64(0), row.GetInt64(1), row.GetInt64OrNull(2) is { } pushed ? DateTimeOffset.FromUnixTimeMilliseconds(pushed) : null),
        name) ?? new RepositoryRow(name, 0, 0, null);

    private static Task PageAsync(Exchange exchange, int status, string page)
    {
        exchange.Headers.ContentSecurityPolicy = Policy;
        exchange.Headers["Referrer-Policy"] = NoReferrer;
        exchange.Headers.CacheControl = NoStore;
        return exchange.TextAsync(status, ContentTypes.Html, page);
    }
}

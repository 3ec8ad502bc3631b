using Tare.Registry.Http;

namespace Tare.Registry.Web;

/// <summary>A repository in the list.</summary>
internal sealed record RepositoryRow(string Name, long Tags, long Size, DateTimeOffset? Updated);

/// <summary>The list of repositories.</summary>
internal static class HomePage
{
    internal static string Render(Exchange exchange, IReadOnlyList<RepositoryRow> rows, string query, string? next, bool mayLogIn)
    {
        var page = Frame.Open(exchange, query.Length > 0 ? $"{query} · {exchange.Host}" : exchange.Host, query, mayLogIn);
        page.Raw("<h1>");
        if (query.Length > 0) page.Raw("Repositories with “").Text(query).Raw("”");
        else page.Raw("Repositories");
        page.Raw("</h1>");
        if (rows.Count == 0) page.Raw("<p class=\"soft\">").Text(query.Length > 0 ? "Nothing was found." : "There is nothing here yet.").Raw("</p>");
        page.Raw("<ul class=\"list\">");
        foreach (var row in rows)
        {
            page.Raw("<li><a href=\"/repository/").Path(row.Name).Raw("\">").Text(row.Name).Raw("</a><span class=\"soft\">").Number(row.Tags)
                .Text(row.Tags == 1 ? " tag" : " tags").Raw("</span><span class=\"soft\">").Size(row.Size).Raw("</span><span class=\"soft\">").Time(row.Updated).Raw("</span></li>");
        }

        page.Raw("</ul>");
        if (next is not null) page.Raw("<p><a rel=\"next\" href=\"/?q=").Value(query).Raw("&amp;last=").Value(next).Raw("\">More</a></p>");
        return Frame.Close(page);
    }
}

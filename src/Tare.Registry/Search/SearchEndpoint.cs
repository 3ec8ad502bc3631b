using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tare.Registry.Access;
using Tare.Registry.Http;
using Tare.Store;

namespace Tare.Registry.Search;

/// <summary><c>/v1/search?q=&amp;n=</c>, the one part of the old API that clients still ask: <c>docker search HOST/TERM</c>.</summary>
internal sealed class SearchEndpoint(Database database, Gatekeeper gatekeeper)
{
    /// <summary>Docker Hub's limits.</summary>
    private const int DefaultCount = 25;
    private const int Most = 100;

    private const string DescriptionKey = "org.opencontainers.image.description";

    internal Task ServeAsync(Exchange exchange)
    {
        exchange.MustRead();
        var term = exchange.Query["q"] ?? "";
        var count = int.TryParse(exchange.Query["n"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 1, Most) : DefaultCount;
        var names = Find(term, exchange.Caller, "", count);
        var found = database.Read(session => names.Select(name => (name, Description: DescriptionOf(session, name))).ToList());
        return exchange.JsonAsync(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("num_pages", 1);
            json.WriteNumber("num_results", found.Count);
            json.WriteNumber("page", 1);
            json.WriteNumber("page_size", count);
            json.WriteString("query", term);
            json.WriteStartArray("results");
            foreach (var (name, description) in found)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteString("description", description);
                json.WriteNumber("star_count", 0);
                json.WriteBoolean("is_official", false);
                json.WriteBoolean("is_automated", false);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>Clients look here first whether somebody knows the old API.</summary>
    internal static Task PingAsync(Exchange exchange)
    {
        exchange.MustRead();
        exchange.Headers["X-Docker-Registry-Version"] = "0.9.1";
        exchange.Headers["X-Docker-Registry-Standalone"] = "true";
        return exchange.TextAsync(StatusCodes.Status200OK, ContentTypes.Json, "true");
    }

    /// <summary>Repositories with a word in their names, in any case; all words have to be there.</summary>
    internal IReadOnlyList<string> Find(string term, Caller caller, string last, int count)
    {
        var words = term.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return VisibleRepositories.After(
            database, gatekeeper, caller, last, count, name => Array.TrueForAll(words, word => name.Contains(word, StringComparison.OrdinalIgnoreCase)));
    }

    private static string DescriptionOf(ReadSession session, string repository)
    {
        var annotations = session.QueryFirst(
            """
            SELECT m.annotations FROM registry_repository AS r JOIN registry_tag AS t ON t.repository = r.id JOIN registry_manifest AS m ON m.id = t.manifest
            WHERE r.name = ? AND m.annotations IS NOT NULL ORDER BY t.name = 'latest' DESC, t.updated DESC LIMIT 1
            """,
            row => row.GetString(0),
            repository);
        if (annotations is null) return "";
        using var json = JsonDocument.Parse(annotations);
        return json.RootElement.TryGetProperty(DescriptionKey, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
    }
}

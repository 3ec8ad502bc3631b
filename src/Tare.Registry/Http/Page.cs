using System.Globalization;

namespace Tare.Registry.Http;

/// <summary>Lists that are told in pieces: <c>n</c>, <c>last</c> and the Link header (distribution-spec, "Listing Tags").</summary>
internal readonly record struct Page(int Count, string Last)
{
    /// <summary>What one answer holds at most, whatever is asked for.</summary>
    private const int Most = 1000;

    internal static Page Of(Query query)
    {
        if (query["n"] is not { } text) return new Page(Most, query["last"] ?? "");
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)) throw RefusalException.PaginationInvalid(text);
        return new Page(Math.Min(count, Most), query["last"] ?? "");
    }

    /// <summary>Cuts a list that was asked for with one more than the page holds, and links to the rest.</summary>
    internal IReadOnlyList<string> Cut(Exchange exchange, IReadOnlyList<string> items)
    {
        if (items.Count <= Count) return items;
        if (Count > 0)
        {
            exchange.Headers.Link = string.Create(
                CultureInfo.InvariantCulture, $"<{exchange.Path}?last={Uri.EscapeDataString(items[Count - 1])}&n={Count}>; rel=\"next\"");
        }

        return items.Take(Count).ToList();
    }
}

using System.Globalization;
using Tare.Cli.Commands;
using Tare.Cli.Credentials;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;
using Tare.Oci;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare search: looks for repositories in a registry.</summary>
internal sealed class SearchVerb : Verb
{
    private const string Columns = "table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}";
    private const int DescriptionWidth = 45;

    private readonly Filters _filters;
    private readonly TextFlag _format;
    private readonly NumberFlag _limit;
    private readonly SwitchFlag _noTruncation;

    public SearchVerb()
        : base("[OPTIONS] TERM", "Look for images in Docker Hub or another registry, HOST/TERM", ArgumentCount.Exactly(1))
    {
        _filters = FilterFlag.Add(Flags);
        _format = Flags.Text("format", PsVerb.FormatUsage);
        _limit = Flags.Number("limit", "Most results");
        _noTruncation = Flags.Switch("no-trunc", "Do not shorten anything");
    }

    private static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>
    {
        ["Name"] = "NAME",
        ["Description"] = "DESCRIPTION",
        ["StarCount"] = "STARS",
        ["IsOfficial"] = "OFFICIAL",
    };

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        if (_filters.ContainsName("is-automated"))
        {
            session.Error.WriteLine("WARNING: the \"is-automated\" filter is deprecated, and searching for \"is-automated=true\" will not yield any results in future.");
            session.Error.Flush();
        }

        var term = arguments[0];
        var auth = session.Credentials.HeaderOrNobody(ServerAddress.Of(RegistryOf(term)));
        var results = await session.Client.Images.SearchAsync(term, (int)Math.Clamp(_limit.Value, int.MinValue, int.MaxValue), _filters, auth);
        Listing.Write(session.Out, _format.Value is "" or "table" ? Columns : _format.Value, Headers, results.Select(Row));
        return 0;
    }

    /// <summary>The registry that a term names before its first slash.</summary>
    private static string RegistryOf(string term)
    {
        var slash = term.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : term[..slash];
        return first.AsSpan().ContainsAny('.', ':') || first == "localhost" ? first : Reference.DefaultDomain;
    }

    private Row Row(SearchResult result)
    {
        Row? row = null;
        row = new Row("registry.searchContext", new Dictionary<string, Func<object?>>
        {
            ["Name"] = () => result.Name,
            ["Description"] = () => Describe(result.Description),
            ["StarCount"] = () => result.StarCount.ToString(CultureInfo.InvariantCulture),
            ["IsOfficial"] = () => row!.IsJson ? result.IsOfficial ? "true" : "false" : result.IsOfficial ? "[OK]" : "",
        });
        return row;
    }

    private string Describe(string text)
    {
        text = text.Replace('\n', ' ').Replace('\r', ' ');
        return _noTruncation.Value ? text : TabWriter.Ellipsis(text, DescriptionWidth);
    }
}

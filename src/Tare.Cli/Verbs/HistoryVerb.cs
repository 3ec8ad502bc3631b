using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;

namespace Tare.Cli.Verbs;

/// <summary>tare history: lists the steps that made an image.</summary>
internal sealed class HistoryVerb : Verb
{
    private const string Columns = "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
    private const string ExactColumns = "table {{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";

    private readonly SwitchFlag _human;
    private readonly SwitchFlag _quiet;
    private readonly SwitchFlag _noTruncation;
    private readonly TextFlag _format;
    private readonly TextFlag _platform;

    public HistoryVerb()
        : base("[OPTIONS] IMAGE", "List the steps that made an image", ArgumentCount.Exactly(1))
    {
        Aliases = "image history, history";
        _human = Flags.Switch("human", "Print sizes and times for people", 'H', initial: true);
        _quiet = Flags.Switch("quiet", "Print only IDs", 'q');
        _noTruncation = Flags.Switch("no-trunc", "Do not shorten anything");
        _format = Flags.Text("format", PsVerb.FormatUsage);
        _platform = Flags.Text("platform", "Platform of the image, OS[/ARCHITECTURE[/VARIANT]]");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var platform = PlatformText.Read(_platform.Value);
        using var document = JsonDocument.Parse(await session.Client.Images.HistoryJsonAsync(arguments[0], platform));
        var rows = new HistoryRows(session, truncate: !_noTruncation.Value, human: _human.Value);
        Listing.Write(session.Out, Expand(_format.Value), HistoryRows.Headers, document.RootElement.EnumerateArray().Select(rows.Of));
        return 0;
    }

    private string Expand(string format) => format is "" or "table" ? _quiet.Value ? "{{.ID}}" : _human.Value ? Columns : ExactColumns : format;
}

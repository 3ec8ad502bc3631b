using System.Globalization;
using System.Text.Json;
using Tare.Cli.Commands;

namespace Tare.Cli.Formatting;

/// <summary>The steps of an image's history as rows of a list.</summary>
internal sealed class HistoryRows(Session session, bool truncate, bool human)
{
    private const int CommandWidth = 45;

    /// <summary>The year 2000: nothing older is told as a span of time.</summary>
    private const long OldestSpan = 946_684_800;

    public static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>
    {
        ["ID"] = "IMAGE",
        ["CreatedSince"] = "CREATED",
        ["CreatedAt"] = "CREATED AT",
        ["CreatedBy"] = "CREATED BY",
        ["Size"] = "SIZE",
        ["Comment"] = "COMMENT",
    };

    /// <summary>One step of the API's list.</summary>
    public Row Of(JsonElement step) => new("image.historyContext", new Dictionary<string, Func<object?>>
    {
        ["ID"] = () => truncate ? Ids.Shorten(step.Text("Id")) : step.Text("Id"),
        ["CreatedAt"] = () => CreatedAt(step),
        ["CreatedSince"] = () => CreatedSince(step),
        ["CreatedBy"] = () => CreatedBy(step),
        ["Size"] = () => human ? Units.Size(step.Number("Size"), 3) : step.Number("Size").ToString(CultureInfo.InvariantCulture),
        ["Comment"] = () => step.Text("Comment"),
    });

    private string CreatedAt(JsonElement step) => session.LocalTime.FormatRfc3339(step.Number("Created") * 1_000_000_000, digits: 0);

    private string CreatedSince(JsonElement step)
    {
        if (!human) return CreatedAt(step);
        var created = step.Number("Created");
        return created <= OldestSpan ? "N/A" : Units.Duration(session.Clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(created)) + " ago";
    }

    private string CreatedBy(JsonElement step)
    {
        var command = step.Text("CreatedBy").Replace('\t', ' ');
        return truncate ? TabWriter.Ellipsis(command, CommandWidth) : command;
    }
}

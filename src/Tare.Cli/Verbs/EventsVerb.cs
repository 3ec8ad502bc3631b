using System.Text;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Templates;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare events: shows what happens in the engine.</summary>
internal sealed class EventsVerb : Verb
{
    private const int BadFormat = 64;

    private readonly TextFlag _since;
    private readonly TextFlag _until;
    private readonly Filters _filters;
    private readonly TextFlag _format;

    public EventsVerb()
        : base("[OPTIONS]", "Show events of the engine as they happen", ArgumentCount.None)
    {
        Aliases = "system events, events";
        _since = Flags.Text("since", "Begin with events of the past, from a time or a span ago");
        _until = Flags.Text("until", "End at a time");
        _filters = FilterFlag.Add(Flags);
        _format = Flags.Text("format", InspectVerb.FormatUsage);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var template = ParseFormat();
        var now = session.Clock.GetUtcNow();
        if (Timestamps.TryRead(_since.Value, now, session.LocalTime, out var since) is { } wrongSince) throw new CommandException(wrongSince);
        if (Timestamps.TryRead(_until.Value, now, session.LocalTime, out var until) is { } wrongUntil) throw new CommandException(wrongUntil);
        await foreach (var json in session.Client.System.EventsJsonAsync(since, until, _filters))
        {
            using var document = JsonDocument.Parse(json);
            if (template is null) session.Out.WriteLine(Describe(document.RootElement, session.LocalTime));
            else session.Out.WriteLine(Execute(template, document.RootElement));
            session.Out.Flush();
        }

        return 0;
    }

    /// <summary>A format is tried on an empty event, so that it fails before the first one comes.</summary>
    private Template? ParseFormat()
    {
        if (_format.Value.Length == 0) return null;
        try
        {
            var template = Template.Parse(_format.Value == "json" ? "{{json .}}" : _format.Value);
            using var nothing = JsonDocument.Parse("{}");
            template.Execute(DockerShapes.Event.Of(nothing.RootElement, isPointer: true));
            return template;
        }
        catch (TemplateException e)
        {
            throw new CommandException($"Error parsing format: {e.Message}", BadFormat);
        }
    }

    private static string Execute(Template template, JsonElement message)
    {
        try
        {
            return template.Execute(DockerShapes.Event.Of(message));
        }
        catch (TemplateException e)
        {
            throw new CommandException(e.Message);
        }
    }

    private static string Describe(JsonElement message, LocalTime zone)
    {
        var text = new StringBuilder();
        var time = message.Number("timeNano") is > 0 and var nanoseconds ? nanoseconds : message.Number("time") * 1_000_000_000;
        if (time > 0) text.Append(zone.FormatRfc3339(time)).Append(' ');
        var actor = message.Member("Actor");
        text.Append(message.Text("Type")).Append(' ').Append(message.Text("Action")).Append(' ').Append(actor.Text("ID"));
        var attributes = actor.Members("Attributes").OrderBy(attribute => attribute.Name, StringComparer.Ordinal).Select(attribute => $"{attribute.Name}={attribute.Value.GetString()}").ToList();
        if (attributes.Count > 0) text.Append(" (").AppendJoin(", ", attributes).Append(')');
        return text.ToString();
    }
}

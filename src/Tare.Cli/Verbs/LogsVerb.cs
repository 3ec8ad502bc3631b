using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare logs: shows what a container has written.</summary>
internal sealed class LogsVerb : Verb
{
    /// <summary>From this version on, the engine says whether the streams are multiplexed.</summary>
    private const int FirstMinorThatTells = 42;

    private readonly SwitchFlag _follow;
    private readonly TextFlag _since;
    private readonly TextFlag _until;
    private readonly SwitchFlag _timestamps;
    private readonly SwitchFlag _details;
    private readonly TextFlag _tail;

    public LogsVerb()
        : base("[OPTIONS] CONTAINER", "Show the output of a container", ArgumentCount.Exactly(1))
    {
        Aliases = "container logs, logs";
        _follow = Flags.Switch("follow", "Go on with what is written later", 'f');
        _since = Flags.Text("since", "Leave out what is older than a time (\"2013-01-02T13:23:37Z\") or a span (\"42m\")");
        _until = Flags.Text("until", "Leave out what is younger than a time (\"2013-01-02T13:23:37Z\") or a span (\"42m\")");
        _timestamps = Flags.Switch("timestamps", "Show when each line was written", 't');
        _details = Flags.Switch("details", "Show attributes of the log");
        _tail = Flags.Text("tail", "Number of lines at the end to show", 'n', "all");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var options = new LogOptions
        {
            Follow = _follow.Value,
            Since = Time(session, "since", _since.Value),
            Until = Time(session, "until", _until.Value),
            Timestamps = _timestamps.Value,
            Details = _details.Value,
            Tail = _tail.Value,
            Tty = await TtyAsync(session, arguments[0]),
        };
        await foreach (var chunk in session.Client.Containers.LogsAsync(arguments[0], options))
            (chunk.Stream == StandardStream.Error ? session.Error : session.Out).WriteThrough(chunk.Data.Span);
        return 0;
    }

    private static string Time(Session session, string name, string text)
        => Timestamps.TryRead(text, session.Clock.GetUtcNow(), session.LocalTime, out var value) is { } error ? throw new CommandException($"invalid value for \"{name}\": {error}") : value;

    /// <summary>Only engines that do not tell are asked.</summary>
    private static async ValueTask<bool?> TtyAsync(Session session, string container)
    {
        var version = session.Client.ApiVersion.Split('.');
        if (version.Length == 2 && int.TryParse(version[1], out var minor) && minor >= FirstMinorThatTells) return null;
        using var document = JsonDocument.Parse(await session.Client.Containers.InspectJsonAsync(container));
        return document.RootElement.GetProperty("Config").GetProperty("Tty").GetBoolean();
    }
}

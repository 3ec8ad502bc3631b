using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Io;
using Tare.Wire;

namespace Tare.Cli.Formatting;

/// <summary>
/// The progress that the engine tells of load, import, pull and push. On a terminal each object has a line, which is drawn anew; elsewhere
/// only what is finished is written.
/// </summary>
internal sealed class ProgressDisplay(Output target)
{
    private const int WidthForTime = 50;

    private Dictionary<string, int> _lines = [];

    /// <summary>Reads everything and shows nothing.</summary>
    public bool Quiet { get; init; }

    /// <summary>Takes what the engine says to programs.</summary>
    public Action<JsonElement>? Aux { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Shows all messages.</summary>
    /// <exception cref="CommandException">The operation failed.</exception>
    public async ValueTask ShowAsync(IAsyncEnumerable<ProgressMessage> messages)
    {
        await foreach (var message in messages) Show(message);
        Finish();
    }

    /// <exception cref="CommandException">The message is that the operation failed.</exception>
    public void Show(ProgressMessage message)
    {
        if (message.Aux is { } aux)
        {
            Aux?.Invoke(aux);
            return;
        }

        if (message.ErrorDetail is { } error || message.Error is not null)
        {
            target.Flush();
            throw new CommandException(message.ErrorDetail?.Message ?? message.Error!);
        }

        if (Quiet) return;
        var up = 0;
        if (!string.IsNullOrEmpty(message.Id) && (message.ProgressDetail is not null || !string.IsNullOrEmpty(message.Progress)))
        {
            if (!_lines.TryGetValue(message.Id, out var line))
            {
                line = _lines.Count;
                _lines[message.Id] = line;
                if (target.IsTerminal) target.Write("\n");
            }

            up = _lines.Count - line;
        }
        else
        {
            // What stands between has moved the lines.
            _lines = [];
        }

        var moves = target.IsTerminal && !string.IsNullOrEmpty(message.Id);
        if (moves && up > 0) target.Write($"\e[{up}A");
        Line(message);
        if (moves && up > 0) target.Write($"\e[{up}B");
        target.Flush();
    }

    public void Finish() => target.Flush();

    private void Line(ProgressMessage message)
    {
        var end = "";
        var width = target.IsTerminal ? target.Size.Columns : ProgressBar.DefaultWidth;
        var bar = message.ProgressDetail is { } detail ? ProgressBar.Format(detail, width) + Left(detail, width) : "";
        if (target.IsTerminal && string.IsNullOrEmpty(message.Stream) && message.ProgressDetail is not null)
        {
            end = "\r";
            target.Write("\e[2K\r");
        }
        else if (bar.Length > 0)
        {
            return;
        }

        if (!string.IsNullOrEmpty(message.Id)) target.Write($"{message.Id}: ");
        if (message.ProgressDetail is not null && target.IsTerminal) target.Write($"{message.Status} {bar}{end}");
        else if (!string.IsNullOrEmpty(message.Progress)) target.Write($"{message.Status} {message.Progress}{end}");
        else if (!string.IsNullOrEmpty(message.Stream)) target.Write($"{message.Stream}{end}");
        else target.Write($"{message.Status}{end}\n");
    }

    /// <summary>About how long the rest will take, where the engine says when it began.</summary>
    private string Left(ProgressDetail detail, int width)
    {
        if (width <= WidthForTime || detail.Current <= 0 || detail.Start <= 0 || !ProgressBar.IsUnfinished(detail)) return "";
        var elapsed = Clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(detail.Start);
        var seconds = (double)(detail.Total - detail.Current) * elapsed.TotalSeconds / detail.Current;
        return Math.Abs(seconds) < TimeSpan.MaxValue.TotalSeconds / 100 ? " " + Units.GoDuration((long)Math.Round(seconds, MidpointRounding.AwayFromZero) * 1_000_000_000) : "";
    }
}

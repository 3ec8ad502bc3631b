using Tare.Cli.Commands;
using Tare.Cli.Io;
using Tare.Wire;

namespace Tare.Cli.Formatting;

/// <summary>
/// The progress that the engine tells of load, import and pull. On a terminal each object has a line, which is drawn anew; elsewhere only
/// what is finished is written.
/// </summary>
internal sealed class ProgressDisplay(Output target)
{
    private const int BarWidth = 50;
    private const int NarrowTerminal = 110;

    private Dictionary<string, int> _lines = [];

    /// <summary>Reads everything and shows nothing.</summary>
    public bool Quiet { get; init; }

    /// <exception cref="CommandException">The message is that the operation failed.</exception>
    public void Show(ProgressMessage message)
    {
        if (message.Aux is not null) return;
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
        var bar = message.ProgressDetail is { } detail ? Bar(detail) : "";
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

    private string Bar(ProgressDetail detail)
    {
        if (detail.Current <= 0 && detail.Total <= 0) return "";
        var inBytes = string.IsNullOrEmpty(detail.Units);
        if (detail.Total <= 0) return inBytes ? Units.Size(detail.Current).PadLeft(8) : $"{detail.Current} {detail.Units}";
        var filled = (int)Math.Min(BarWidth, (double)detail.Current / detail.Total * 100 / 2);
        var width = target.IsTerminal ? target.Size.Columns : 200;
        var box = width > NarrowTerminal ? $"[{new string('=', filled)}>{new string(' ', BarWidth - filled)}] " : "";
        if (detail.HideCounts) return box;
        var beyond = detail.Current > detail.Total;
        return box + (inBytes
            ? Units.Size(detail.Current).PadLeft(8) + (beyond ? "" : "/" + Units.Size(detail.Total))
            : beyond ? $"{detail.Current} {detail.Units}" : $"{detail.Current}/{detail.Total} {detail.Units}");
    }
}

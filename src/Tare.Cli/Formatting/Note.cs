using Tare.Cli.Io;

namespace Tare.Cli.Formatting;

/// <summary>Notes to the user in Docker's layout: a head, then lines that stand below each other; in colours on a terminal.</summary>
internal static class Note
{
    /// <summary>The head of a hint, without a terminal.</summary>
    public const string PlainInformation = " Info -> ";

    private const string Reset = "\e[0m";

    /// <summary>The head of a hint on a terminal.</summary>
    public static string FancyInformation => Head("Info", "i", "106", "96");

    /// <summary>A hint.</summary>
    public static void Information(Output target, string text) => Write(target, text, PlainInformation, "i", "106", "96");

    /// <summary>A warning.</summary>
    public static void Warning(Output target, string text) => Write(target, text, " Warn -> ", "w", "103", "93");

    private static string Head(string name, string letter, string background, string foreground) =>
        $"\e[1m\e[{background}m\e[30m{letter}{Reset}{Reset} \e[{foreground}m{name} → {Reset}{Reset}";

    private static void Write(Output target, string text, string plain, string letter, string background, string foreground)
    {
        var name = plain.Trim()[..4];
        var head = target.IsTerminal ? Head(name, letter, background, foreground) : plain;
        // The letter, a blank, and what stands behind it.
        var indent = target.IsTerminal ? new string(' ', $"{letter} {name} → ".Length) : new string(' ', plain.Length);
        if (target.IsTerminal) text = text.Replace("--platform", $"\e[1m--platform{Reset}", StringComparison.Ordinal);
        target.Write("\n" + head);
        var first = true;
        foreach (var line in text.Split('\n'))
        {
            if (!first) target.Write(indent);
            first = false;
            target.WriteLine(target.IsTerminal ? $"\e[3m{line}{Reset}" : line);
        }

        target.Flush();
    }
}

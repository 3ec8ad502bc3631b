using System.Text;
using Tare.Cli.Flags;

namespace Tare.Cli.Commands;

/// <summary>Help texts in Docker's layout.</summary>
internal static class Help
{
    /// <summary>The width when the terminal does not tell.</summary>
    private const int DefaultWidth = 80;

    public static string Of(Verb verb, string program)
    {
        var text = new StringBuilder();
        text.Append("Usage:  ").Append(verb is Group ? verb.Path + " COMMAND" : verb.UseLine).Append("\n\n").Append(verb.Summary);
        if (verb.Aliases.Length > 0)
            text.Append("\n\nAliases:\n  ").AppendJoin(", ", verb.Aliases.Split(", ").Select(alias => $"{program} {alias}"));
        if (verb is Group group)
        {
            text.Append("\n\nCommands:");
            List(text, group.Members);
            text.Append($"\n\nRun '{verb.Path} COMMAND --help' for more information on a command.");
        }
        else if (verb.Flags.All.Any(flag => !flag.Hidden))
        {
            text.Append("\n\nOptions:\n").Append(Options(verb.Flags));
        }

        return text.Append('\n').ToString();
    }

    public static string OfProgram(string program, FlagSet globals)
    {
        var text = new StringBuilder($"Usage:  {program} [OPTIONS] COMMAND\n\nA container platform that weighs next to nothing\n\nCommon Commands:");
        List(text, VerbTable.Common);
        text.Append("\n\nManagement Commands:");
        List(text, VerbTable.Groups);
        text.Append("\n\nCommands:");
        List(text, VerbTable.Others);
        text.Append("\n\nRoles:");
        List(text, VerbTable.Roles);
        text.Append("\n\nGlobal Options:\n").Append(Options(globals));
        return text.Append($"\n\nRun '{program} COMMAND --help' for more information on a command.\n").ToString();
    }

    /// <summary>The options as pflag lists them: sorted, aligned, wrapped to the terminal.</summary>
    internal static string Options(FlagSet flags, int? width = null)
    {
        var columns = width ?? Linux.UserTerminal.Size(0).Columns;
        if (columns <= 0) columns = DefaultWidth;
        var entries = new List<(string Left, string Right)>();
        foreach (var flag in flags.All.Where(flag => !flag.Hidden && flag.Deprecated is null).OrderBy(flag => flag.Name, StringComparer.Ordinal))
        {
            var left = flag.Shorthand != 0 ? $"  -{flag.Shorthand}, --{flag.Name}" : $"      --{flag.Name}";
            if (flag.Kind.Length > 0) left += " " + flag.Kind;
            entries.Add((left, flag.DefaultText is { } initial ? $"{flag.Usage} (default {initial})" : flag.Usage));
        }

        var widest = entries.Count == 0 ? 0 : entries.Max(entry => entry.Left.Length);
        // Three blanks between the columns.
        return string.Join('\n', entries.Select(entry => entry.Left.PadRight(widest + 3) + Wrap(entry.Right, widest + 3, columns - 1))).TrimEnd();
    }

    private static void List(StringBuilder text, IReadOnlyList<(string Name, string Summary)> members)
    {
        var widest = Math.Max(11, members.Max(member => member.Name.Length));
        foreach (var (name, summary) in members) text.Append("\n  ").Append(name.PadRight(widest + 1)).Append(summary);
    }

    /// <summary>
    /// Breaks a text between words into lines that end before the column <paramref name="width"/>, all but the first indented. A last
    /// line may be five columns longer, so that no short word stands alone. Too narrow a column begins on a line of its own.
    /// </summary>
    internal static string Wrap(string text, int indent, int width)
    {
        const int slop = 5;
        const int narrowest = 24;
        var room = width - indent;
        var result = new StringBuilder();
        if (room < narrowest)
        {
            indent = 16;
            room = width - indent;
            result.Append('\n').Append(' ', indent);
        }

        if (room < narrowest) return text.Replace("\n", "\n" + new string(' ', indent), StringComparison.Ordinal);
        room -= slop;
        var first = true;
        while (first || text.Length > 0)
        {
            var line = Take(ref text, room, slop);
            if (!first) result.Append('\n').Append(' ', indent);
            result.Append(line.Replace("\n", "\n" + new string(' ', indent), StringComparison.Ordinal));
            first = false;
        }

        return result.ToString();
    }

    private static string Take(ref string text, int room, int slop)
    {
        var cut = text.Length;
        if (room + slop <= text.Length)
        {
            var blank = text.AsSpan(0, room).LastIndexOfAny(" \t\n");
            if (blank > 0)
            {
                var feed = text.AsSpan(0, room).LastIndexOf('\n');
                cut = feed > 0 && feed < blank ? feed : blank;
            }
        }

        var line = text[..cut];
        text = cut < text.Length ? text[(cut + 1)..] : "";
        return line;
    }
}

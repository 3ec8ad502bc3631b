using Tare.Errors;

namespace Tare.Engine.Top;

/// <summary>
/// What <c>docker top CONTAINER [ps OPTIONS]</c> asks for. There is no ps process: of its options those are understood that choose columns
/// (<c>-f</c>, <c>-F</c>, <c>-l</c>, <c>-j</c>, <c>u</c>, <c>-o LIST</c>) and those that choose processes, which the container has chosen already.
/// </summary>
internal sealed record PsFormat(IReadOnlyList<PsColumn> Columns)
{
    private const string Plain = "pid,tname,time,ucmd";
    private const string Full = "uid_hack,pid,ppid,c,stime,tname,time,cmd";
    private const string User = "user,pid,%cpu,%mem,vsz,rss,tname,stat,bsdstart,bsdtime,args";
    private const string Jobs = "pid,pgid,sid,tname,time,ucmd";
    private const string BsdPlain = "pid,tname,stat,bsdtime,args";

    /// <summary>Reads the options; empty means <c>-ef</c>.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>: an option that needs a ps process.</exception>
    public static PsFormat Parse(string? options)
    {
        var words = (string.IsNullOrWhiteSpace(options) ? "-ef" : options).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string? chosen = null;
        var fallback = Plain;
        var listed = new List<PsColumn>();
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (word.StartsWith("--format", StringComparison.Ordinal))
            {
                listed.AddRange(Listed(word.Contains('=', StringComparison.Ordinal) ? word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..] : Following(words, ref i)));
                continue;
            }
            var dash = word.StartsWith('-');
            if (!dash) fallback = BsdPlain;
            var letters = dash ? word[1..] : word;
            for (var k = 0; k < letters.Length; k++)
            {
                switch (letters[k])
                {
                    case 'o' or 'O':
                        listed.AddRange(Listed(k + 1 < letters.Length ? letters[(k + 1)..] : Following(words, ref i)));
                        k = letters.Length;
                        break;
                    case 'f' or 'F' when dash:
                        chosen = Full;
                        break;
                    case 'u':
                        chosen = dash ? throw Unsupported(word) : User;
                        break;
                    case 'j' when dash:
                        chosen = Jobs;
                        break;
                    // These choose processes or widths: the container chooses, and nothing is cut.
                    case 'e' or 'A' or 'a' or 'd' or 'x' or 'w' or 'H' or 'f' or 'g' or 'r':
                        break;
                    default:
                        throw Unsupported(word);
                }
            }
        }
        if (listed.Count == 0) listed.AddRange(Listed(chosen ?? fallback));
        return listed.Exists(column => column.Title == "PID") ? new PsFormat(listed) : throw TareException.Internal("Couldn't find PID field in ps output");
    }

    private static string Following(string[] words, ref int index) =>
        index + 1 < words.Length ? words[++index] : throw TareException.Invalid("ps: error: option -o needs a list of columns");

    private static IEnumerable<PsColumn> Listed(string list)
    {
        foreach (var item in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? item : item[..equals];
            var column = PsColumn.Of(name) ?? throw TareException.Invalid($"ps: error: unknown user-defined format specifier \"{name}\"");
            if (equals < 0)
            {
                yield return column;
                continue;
            }
            var title = item[(equals + 1)..];
            // Docker refuses this too: the table's reader finds the processes by the column named PID.
            if (title.StartsWith("PID", StringComparison.Ordinal) && name != "pid")
                throw TareException.Invalid($"specifying \"{name}={title}\" is not allowed");
            yield return column with { Title = title };
        }
    }

    private static TareException Unsupported(string word) => TareException.Invalid(
        $"ps option \"{word}\" is not supported: processes are read without a ps program; use -ef, aux, -j or -o COLUMN,… instead");
}

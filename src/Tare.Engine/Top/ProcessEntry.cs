using System.Globalization;
using System.Text;

namespace Tare.Engine.Top;

/// <summary>One process as /proc shows it (proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5)).</summary>
internal sealed record ProcessEntry
{
    public required int Pid { get; init; }

    public required string Command { get; init; }

    public required char State { get; init; }

    public required int ParentPid { get; init; }

    public required int Group { get; init; }

    public required int Session { get; init; }

    /// <summary>The terminal's device number; 0 is none.</summary>
    public required int Terminal { get; init; }

    public required int ForegroundGroup { get; init; }

    /// <summary>CPU time in clock ticks.</summary>
    public required long Ticks { get; init; }

    public required int Priority { get; init; }

    public required int Nice { get; init; }

    public required int Threads { get; init; }

    /// <summary>Start in clock ticks after the boot.</summary>
    public required long StartTicks { get; init; }

    /// <summary>Virtual memory in bytes.</summary>
    public required long VirtualBytes { get; init; }

    /// <summary>Resident pages.</summary>
    public required long ResidentPages { get; init; }

    public required uint Uid { get; init; }

    public required uint Gid { get; init; }

    /// <summary>Locked memory in KiB.</summary>
    public required long LockedKilobytes { get; init; }

    /// <summary>The arguments with blanks between; empty for what has none.</summary>
    public required string Arguments { get; init; }

    /// <summary>Reads a process; null when it is gone.</summary>
    public static ProcessEntry? Read(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var open = stat.IndexOf('(', StringComparison.Ordinal);
            var close = stat.LastIndexOf(')');
            if (open < 0 || close < open) return null;
            var fields = stat[(close + 2)..].Split(' ');
            long Field(int number) => long.Parse(fields[number - 3], CultureInfo.InvariantCulture);
            uint uid = 0, gid = 0;
            long locked = 0;
            foreach (var line in File.ReadLines($"/proc/{pid}/status"))
            {
                // Of the four ids the second is the effective one, which ps shows.
                if (line.StartsWith("Uid:", StringComparison.Ordinal)) uid = uint.Parse(line.Split('\t')[2], CultureInfo.InvariantCulture);
                else if (line.StartsWith("Gid:", StringComparison.Ordinal)) gid = uint.Parse(line.Split('\t')[2], CultureInfo.InvariantCulture);
                else if (line.StartsWith("VmLck:", StringComparison.Ordinal))
                    locked = long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            }
            return new ProcessEntry
            {
                Pid = pid,
                Command = stat[(open + 1)..close],
                State = fields[0][0],
                ParentPid = (int)Field(4),
                Group = (int)Field(5),
                Session = (int)Field(6),
                Terminal = (int)Field(7),
                ForegroundGroup = (int)Field(8),
                Ticks = Field(14) + Field(15),
                Priority = (int)Field(18),
                Nice = (int)Field(19),
                Threads = (int)Field(20),
                StartTicks = Field(22),
                VirtualBytes = Field(23),
                ResidentPages = Field(24),
                Uid = uid,
                Gid = gid,
                LockedKilobytes = locked,
                Arguments = ReadArguments(pid),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string ReadArguments(int pid)
    {
        var bytes = File.ReadAllBytes($"/proc/{pid}/cmdline");
        var text = Encoding.UTF8.GetString(bytes).TrimEnd('\0');
        var result = new StringBuilder(text.Length);
        // A line break or another control character would break the table: ps shows a question mark.
        foreach (var c in text) result.Append(c == '\0' ? ' ' : char.IsControl(c) ? '?' : c);
        return result.ToString();
    }
}

using System.Collections.Frozen;
using System.Globalization;

namespace Tare.Engine.Top;

/// <summary>One column of ps: its title and how a process is shown in it (ps(1), "STANDARD FORMAT SPECIFIERS").</summary>
internal sealed record PsColumn(string Title, Func<ProcessEntry, ProcessClock, string> Render)
{
    private static readonly FrozenDictionary<string, PsColumn> Specifiers = Table().ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The column of a format specifier such as <c>pid</c>; null when there is none.</summary>
    public static PsColumn? Of(string specifier) => Specifiers.GetValueOrDefault(specifier);

    private static Dictionary<string, PsColumn> Table()
    {
        var table = new Dictionary<string, PsColumn>(StringComparer.Ordinal);
        void Add(string title, Func<ProcessEntry, ProcessClock, string> render, params ReadOnlySpan<string> names)
        {
            foreach (var name in names) table[name] = new PsColumn(title, render);
        }

        Add("PID", (p, _) => Number(p.Pid), "pid", "tgid");
        Add("PPID", (p, _) => Number(p.ParentPid), "ppid");
        Add("PGID", (p, _) => Number(p.Group), "pgid");
        Add("PGRP", (p, _) => Number(p.Group), "pgrp");
        Add("SID", (p, _) => Number(p.Session), "sid");
        Add("SESS", (p, _) => Number(p.Session), "sess", "session");
        Add("USER", (p, c) => c.User(p.Uid), "user", "uname");
        Add("EUSER", (p, c) => c.User(p.Uid), "euser");
        Add("UID", (p, _) => Number(p.Uid), "uid");
        Add("EUID", (p, _) => Number(p.Uid), "euid");
        Add("UID", (p, c) => c.User(p.Uid), "uid_hack");
        Add("GID", (p, _) => Number(p.Gid), "gid");
        Add("EGID", (p, _) => Number(p.Gid), "egid");
        Add("GROUP", (p, c) => c.Group(p.Gid), "group");
        Add("EGROUP", (p, c) => c.Group(p.Gid), "egroup");
        Add("C", (p, c) => Number(Math.Min(99, c.CpuPermille(p) / 10)), "c");
        Add("%CPU", (p, c) => Tenths(c.CpuPermille(p)), "%cpu", "pcpu");
        Add("%MEM", (p, c) => Tenths(Math.Min(999, Resident(p) * 1000 / c.MemoryKilobytes)), "%mem", "pmem");
        Add("VSZ", (p, _) => Number(p.VirtualBytes / 1024), "vsz", "vsize");
        Add("RSS", (p, _) => Number(Resident(p)), "rss", "rssize", "rsz");
        Add("TTY", (p, _) => Terminal(p), "tty", "tname");
        Add("TT", (p, _) => Terminal(p), "tt");
        Add("S", (p, _) => p.State.ToString(), "s", "state");
        Add("STAT", (p, _) => Status(p), "stat");
        Add("NI", (p, _) => Number(p.Nice), "ni", "nice");
        Add("PRI", (p, _) => Number(39 - p.Priority), "pri");
        Add("NLWP", (p, _) => Number(p.Threads), "nlwp", "thcount");
        Add("STIME", (p, c) => StartTime(p, c), "stime");
        Add("START", (p, c) => StartTime(p, c), "start_time", "bsdstart");
        Add("STARTED", (p, c) => Started(p, c), "start");
        Add("STARTED", (p, c) => c.Started(p).ToString("ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture), "lstart");
        Add("ELAPSED", (p, c) => Elapsed((long)c.Age(p)), "etime");
        Add("ELAPSED", (p, c) => Number((long)c.Age(p)), "etimes");
        Add("TIME", (p, _) => CpuTime(p), "time", "cputime");
        Add("TIME", (p, _) => ShortCpuTime(p), "bsdtime");
        Add("COMMAND", (p, _) => p.State == 'Z' ? p.Command + " <defunct>" : p.Command, "comm", "ucmd", "ucomm");
        Add("COMMAND", (p, _) => CommandLine(p), "args", "command");
        Add("CMD", (p, _) => CommandLine(p), "cmd");
        return table;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Tenths(long permille) => $"{permille / 10}.{permille % 10}";

    private static long Resident(ProcessEntry process) => process.ResidentPages * (Environment.SystemPageSize / 1024);

    private static string CommandLine(ProcessEntry process) =>
        process.State == 'Z' ? $"[{process.Command}] <defunct>" : process.Arguments.Length > 0 ? process.Arguments : $"[{process.Command}]";

    private static string Terminal(ProcessEntry process)
    {
        var major = (process.Terminal >> 8) & 0xfff;
        var minor = (process.Terminal & 0xff) | ((process.Terminal >> 12) & 0xfff00);
        return major switch
        {
            0 => "?",
            4 => minor < 64 ? $"tty{minor}" : $"ttyS{minor - 64}",
            >= 136 and <= 143 => $"pts/{((major - 136) << 8) + minor}",
            _ => "?",
        };
    }

    private static string Status(ProcessEntry process)
    {
        var text = process.State.ToString();
        if (process.Nice < 0) text += "<";
        if (process.Nice > 0) text += "N";
        if (process.LockedKilobytes > 0) text += "L";
        if (process.Session == process.Pid) text += "s";
        if (process.Threads > 1) text += "l";
        if (process.ForegroundGroup == process.Group) text += "+";
        return text;
    }

    private static string StartTime(ProcessEntry process, ProcessClock clock)
    {
        var started = clock.Started(process);
        var format = started.Date == clock.Now.Date ? "HH:mm" : started.Year == clock.Now.Year ? "MMMdd" : "yyyy";
        return started.ToString(format, CultureInfo.InvariantCulture);
    }

    private static string Started(ProcessEntry process, ProcessClock clock) =>
        clock.Started(process).ToString(clock.Age(process) < 24 * 3600 ? "HH:mm:ss" : "MMM dd", CultureInfo.InvariantCulture);

    private static string CpuTime(ProcessEntry process)
    {
        var time = TimeSpan.FromSeconds(process.Ticks / ProcessClock.TicksPerSecond);
        var clock = time.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        return time.Days > 0 ? $"{time.Days}-{clock}" : clock;
    }

    private static string ShortCpuTime(ProcessEntry process)
    {
        var seconds = process.Ticks / ProcessClock.TicksPerSecond;
        return $"{seconds / 60}:{seconds % 60:00}";
    }

    private static string Elapsed(long seconds)
    {
        var (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
        var tail = $"{minutes:00}:{seconds % 60:00}";
        return days > 0 ? $"{days}-{hours:00}:{tail}" : hours > 0 ? $"{hours:00}:{tail}" : tail;
    }
}

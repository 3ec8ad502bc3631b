using System.Globalization;

namespace Tare.Engine.Top;

/// <summary>What ps needs of the machine to turn ticks and numbers into words.</summary>
internal sealed class ProcessClock
{
    /// <summary>USER_HZ: 100 on every architecture that we run on (times(2)).</summary>
    public const long TicksPerSecond = 100;

    private readonly Dictionary<uint, string> users = [];
    private readonly Dictionary<uint, string> groups = [];

    private ProcessClock(DateTimeOffset now, double uptime, long memoryKilobytes)
    {
        Now = now.ToLocalTime();
        Uptime = uptime;
        MemoryKilobytes = memoryKilobytes;
    }

    public DateTimeOffset Now { get; }

    /// <summary>Seconds since the boot.</summary>
    public double Uptime { get; }

    public long MemoryKilobytes { get; }

    public static ProcessClock Read(TimeProvider time)
    {
        var uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
        var memory = File.ReadLines("/proc/meminfo").First().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1];
        var clock = new ProcessClock(time.GetUtcNow(), uptime, long.Parse(memory, CultureInfo.InvariantCulture));
        ReadNames("/etc/passwd", clock.users);
        ReadNames("/etc/group", clock.groups);
        return clock;
    }

    /// <summary>A user's name on the host, shortened as ps does, or the number.</summary>
    public string User(uint uid) => Name(users, uid);

    /// <summary>A group's name on the host, or the number.</summary>
    public string Group(uint gid) => Name(groups, gid);

    /// <summary>Seconds since a process has started.</summary>
    public double Age(ProcessEntry process) => Math.Max(0, Uptime - ((double)process.StartTicks / TicksPerSecond));

    /// <summary>When a process has started, in local time.</summary>
    public DateTimeOffset Started(ProcessEntry process) => Now - TimeSpan.FromSeconds(Age(process));

    /// <summary>CPU time over life time, in thousandths.</summary>
    public long CpuPermille(ProcessEntry process)
    {
        var age = Age(process);
        return age <= 0 ? 0 : (long)(process.Ticks * 1000.0 / TicksPerSecond / age);
    }

    private static string Name(Dictionary<uint, string> names, uint id)
    {
        if (!names.TryGetValue(id, out var name)) return id.ToString(CultureInfo.InvariantCulture);
        return name.Length > 8 ? name[..7] + "+" : name;
    }

    private static void ReadNames(string path, Dictionary<uint, string> names)
    {
        if (!File.Exists(path)) return;
        foreach (var line in File.ReadLines(path))
        {
            var fields = line.Split(':');
            if (fields.Length > 2 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id)) names.TryAdd(id, fields[0]);
        }
    }
}

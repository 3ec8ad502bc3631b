using System.Globalization;

namespace Tare.Linux;

/// <summary>What <c>/proc/PID/stat</c> tells of a process: proc_pid_stat(5).</summary>
/// <param name="State">Its state, such as <c>S</c> or, when it has ended and nobody has reaped it, <c>Z</c>.</param>
/// <param name="StartTime">When it began, in clock ticks since boot.</param>
/// <param name="ExitStatus">How it ended, in the form of wait(2); for a zombie, and only to a reader with the rights to trace it.</param>
public sealed record ProcStat(char State, ulong StartTime, int ExitStatus)
{
    /// <summary>Reads it; null when there is no such process.</summary>
    public static ProcStat? Read(int pid)
    {
        string text;
        try
        {
            if (FileContent.TryReadText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat")) is not { } read) return null;
            text = read;
        }
        catch (LinuxException e) when (e.Error == Errno.ESRCH)
        {
            return null; // gone while it was read
        }
        // The command's name is in parentheses and may contain anything, parentheses included.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new ProcStat(
            fields[0][0],
            ulong.Parse(fields[19], CultureInfo.InvariantCulture),
            fields.Length > 49 ? int.Parse(fields[49].AsSpan().Trim(), CultureInfo.InvariantCulture) : 0);
    }
}

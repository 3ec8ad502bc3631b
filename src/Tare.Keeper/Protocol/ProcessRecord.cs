namespace Tare.Keeper.Protocol;

/// <summary>Which descriptors of a process come along, in this order.</summary>
[Flags]
internal enum Slots
{
    None = 0,
    PidFd = 1,
    Stdin = 2,
    Stdout = 4,
    Stderr = 8,
    Master = 16,
}

/// <summary>What is known of a process, as it stands in packets, journal and handover.</summary>
internal sealed record ProcessRecord
{
    public ProcessKey Key { get; init; }

    public string Container { get; init; } = "";

    public int Pid { get; init; }

    /// <summary>See <see cref="Linux.PidFds.Identity"/>.</summary>
    public ulong Identity { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public bool Terminal { get; init; }

    public bool OpenStdin { get; init; }

    public OutputTarget Output { get; init; }

    public LogOptions? Log { get; init; }

    /// <summary>The log's offset where the process's output begins; -1: not known yet.</summary>
    public long LogStart { get; init; } = -1;

    public ProcessExit? Exit { get; init; }

    public Slots Slots { get; init; }

    public void Write(ref FieldWriter writer)
    {
        WriteKey(ref writer, Key);
        writer.Text(Field.Container, Container);
        writer.Number(Field.Pid, Pid);
        writer.Number(Field.Identity, (long)Identity);
        writer.Number(Field.Started, UnixTime.ToNanoseconds(StartedAt));
        writer.Flag(Field.Terminal, Terminal);
        writer.Flag(Field.OpenStdin, OpenStdin);
        writer.Number(Field.Output, (long)Output);
        if (Log is not null)
        {
            writer.Text(Field.LogDirectory, Log.Directory);
            writer.Number(Field.LogMaxBytes, Log.MaxBytes);
            writer.Number(Field.LogSegmentBytes, Log.SegmentBytes);
        }
        if (LogStart >= 0) writer.Present(Field.LogStart, LogStart);
        if (Exit is not null) WriteExit(ref writer, Exit);
        writer.Number(Field.Slots, (long)Slots);
    }

    public static ProcessRecord Read(ReadOnlySpan<byte> data)
    {
        var reader = new FieldReader(data);
        string id = "", container = "", directory = "";
        long generation = 0, identity = 0, started = 0, max = 0, segment = 0, logStart = -1;
        int pid = 0;
        bool terminal = false, openStdin = false;
        var output = OutputTarget.Log;
        var slots = Slots.None;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.Id: id = reader.Text; break;
                case Field.Generation: generation = reader.Number; break;
                case Field.Container: container = reader.Text; break;
                case Field.Pid: pid = (int)reader.Number; break;
                case Field.Identity: identity = reader.Number; break;
                case Field.Started: started = reader.Number; break;
                case Field.Terminal: terminal = reader.Flag; break;
                case Field.OpenStdin: openStdin = reader.Flag; break;
                case Field.Output: output = (OutputTarget)reader.Number; break;
                case Field.LogDirectory: directory = reader.Text; break;
                case Field.LogMaxBytes: max = reader.Number; break;
                case Field.LogSegmentBytes: segment = reader.Number; break;
                case Field.LogStart: logStart = reader.Number; break;
                case Field.Slots: slots = (Slots)reader.Number; break;
            }
        }
        return new ProcessRecord
        {
            Key = new ProcessKey(id, generation),
            Container = container,
            Pid = pid,
            Identity = (ulong)identity,
            StartedAt = UnixTime.FromNanoseconds(started),
            Terminal = terminal,
            OpenStdin = openStdin,
            Output = output,
            Log = directory.Length == 0 ? null : new LogOptions { Directory = directory, MaxBytes = max, SegmentBytes = segment },
            LogStart = logStart,
            Exit = ReadExit(data),
            Slots = slots,
        };
    }

    public static void WriteKey(ref FieldWriter writer, ProcessKey key)
    {
        writer.Text(Field.Id, key.Id);
        writer.Number(Field.Generation, key.Generation);
    }

    public static ProcessKey ReadKey(ReadOnlySpan<byte> data)
    {
        var reader = new FieldReader(data);
        var id = "";
        long generation = 0;
        while (reader.Next())
        {
            if (reader.Field == Field.Id) id = reader.Text;
            else if (reader.Field == Field.Generation) generation = reader.Number;
        }
        return new ProcessKey(id, generation);
    }

    public static void WriteExit(ref FieldWriter writer, ProcessExit exit)
    {
        writer.Flag(Field.Ended, true);
        if (exit.ExitCode is { } code) writer.Present(Field.ExitCode, code);
        writer.Flag(Field.Signaled, exit.Signaled);
        writer.Number(Field.EndedAt, UnixTime.ToNanoseconds(exit.At));
        writer.Number(Field.LogEnd, exit.LogEnd);
    }

    public static ProcessExit? ReadExit(ReadOnlySpan<byte> data)
    {
        var reader = new FieldReader(data);
        int? code = null;
        long at = 0, logEnd = 0;
        bool ended = false, signaled = false;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.Ended: ended = reader.Flag; break;
                case Field.ExitCode: code = (int)reader.Number; break;
                case Field.Signaled: signaled = reader.Flag; break;
                case Field.EndedAt: at = reader.Number; break;
                case Field.LogEnd: logEnd = reader.Number; break;
            }
        }
        return ended ? new ProcessExit(ReadKey(data), code, signaled, UnixTime.FromNanoseconds(at), logEnd) : null;
    }
}

/// <summary>Times as nanoseconds since 1970, as the log's frames have them.</summary>
internal static class UnixTime
{
    public static long ToNanoseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) * 100;

    public static DateTimeOffset FromNanoseconds(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);
}

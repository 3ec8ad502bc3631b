using Tare.Errors;
using Tare.Keeper.Logs;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>Somebody who wants to be woken when a log grows, and what he still needs of it.</summary>
internal sealed class LogWatcher
{
    public required ulong Session { get; init; }

    public required ulong Id { get; init; }

    public required ProcessKey Key { get; init; }

    public required Fd EventFd { get; init; }

    public required LogHold Hold { get; init; }

    /// <summary>What it has read, as the loop knows it.</summary>
    public long Asked { get; set; }

    /// <summary>What it has read, as the writer knows it.</summary>
    public long Position { get; set; }

    /// <summary>The request that has not been answered yet; 0: it has.</summary>
    public ulong Request { get; set; }
}

/// <summary>
/// One process's output and its log. Lives on the thread of the <see cref="LogWriter"/>, but for what the constructor takes.
/// </summary>
internal sealed class ProcessLog(LogWriter writer, ProcessKey key, LogOptions options, long start, long knownEnd, Action<ProcessLog> opened) : IDisposable
{
    private readonly LogAppender appender = new(options);
    private readonly List<LogWatcher> watchers = [];
    private readonly List<(OutputStream Output, int Number)> streams = [];
    private bool paused;
    private bool finished;
    private long lost;

    public ProcessKey Key { get; } = key;

    /// <summary>Where the process's output begins; -1 until the log has been opened for the first time.</summary>
    public long Start { get; private set; } = start;

    public long End => appender.End;

    /// <summary>The end, when the log is open and it is thus certain; else -1.</summary>
    public long CertainEnd => appender.IsOpen ? appender.End : -1;

    /// <summary>Begins to read an output.</summary>
    public void Add(OutputStream output, int number)
    {
        streams.Add((output, number));
        writer.Register(output, () => Turn(output, number));
        if (!paused) output.Resume();
    }

    /// <summary>Finds the beginning and the end; what fails is tried again with the next output.</summary>
    public bool Open()
    {
        if (appender.IsOpen) return true;
        try
        {
            appender.Open(knownEnd);
        }
        catch (Exception error) when (error is TareException or IOException or UnauthorizedAccessException)
        {
            writer.Complain($"the log of {Key} cannot be opened: {error.Message}");
            return false;
        }
        if (Start >= 0) return true;
        Start = appender.End;
        opened(this);
        return true;
    }

    public void Watch(LogWatcher watcher)
    {
        watchers.Add(watcher);
        Prune();
    }

    public void Unwatch(LogWatcher watcher)
    {
        if (watchers.Remove(watcher)) Prune();
    }

    public void Advance(LogWatcher watcher, long position)
    {
        if (watcher.Position >= position) return;
        watcher.Position = position;
        Prune();
    }

    /// <summary>The process has ended: takes what it left in its pipes, closes the log, and wakes everybody for the last time.</summary>
    public long Finish()
    {
        if (finished) return End;
        finished = true;
        foreach (var (output, number) in streams)
        {
            output.Drain(writer.Payload, count => Append(number, count));
            writer.Unregister(output);
        }
        streams.Clear();
        Open();
        Dispose();
        Wake();
        return End;
    }

    public void Dispose() => appender.Dispose();

    /// <summary>One ready output gets one read, so that no process can keep the writer to itself.</summary>
    private void Turn(OutputStream output, int number)
    {
        if (paused || finished) return;
        var count = output.Read(writer.Payload);
        if (count > 0)
        {
            Append(number, count);
            Prune();
        }
    }

    /// <summary>Appends what was read. What the disk does not take is dropped: a full disk stops no container.</summary>
    private void Append(int number, int count)
    {
        if (!Open())
        {
            lost += count;
            return;
        }
        try
        {
            appender.Append(writer.Seal(number, count));
        }
        catch (TareException error)
        {
            if (lost == 0) writer.Complain($"output of {Key} is being lost: {error.Message}");
            lost += count;
            return;
        }
        if (lost > 0)
        {
            writer.Complain($"{lost} bytes of output of {Key} were lost");
            lost = 0;
        }
        Wake();
    }

    private void Wake()
    {
        foreach (var watcher in watchers) EventFds.Signal(watcher.EventFd);
    }

    private void Prune()
    {
        if (finished) return;
        long preferred = long.MaxValue, required = long.MaxValue;
        foreach (var watcher in watchers)
        {
            if (watcher.Hold == LogHold.Prefer) preferred = Math.Min(preferred, watcher.Position);
            else if (watcher.Hold == LogHold.Require) required = Math.Min(required, watcher.Position);
        }
        try
        {
            appender.Prune(preferred, required);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            writer.Complain($"an old segment of the log of {Key} cannot be removed: {error.Message}");
        }
        if (appender.IsBlocked == paused) return;
        paused = appender.IsBlocked;
        foreach (var (output, _) in streams)
        {
            if (paused) output.Pause();
            else output.Resume();
        }
    }
}

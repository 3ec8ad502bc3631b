using Tare.Errors;
using Tare.Keeper.Logs;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// One process's output and its log. The disk and the outputs belong to the thread of its <see cref="LogWriter"/>; the loop asks,
/// and waits for no answer. Who watches is between the two: nobody who begins or ends to watch waits for a stalled disk.
/// </summary>
internal sealed class ProcessLog : IDisposable
{
    private readonly Lock gate = new();
    private readonly LogWriters writers;
    private readonly LogOptions options;
    private readonly long knownEnd;
    private readonly Action<ProcessLog> opened;

    // Of the writer's thread.
    private readonly LogAppender appender;
    private readonly List<(OutputStream Output, int Number)> streams = [];
    private bool paused;
    private long lost;

    // Guarded by the lock.
    private readonly List<LogWatcher> watchers = [];
    private readonly List<Action<long, long>> unanswered = [];
    private List<Action>? early = [];
    private LogWriter? writer;
    private bool known;
    private bool pruneAsked;
    private bool finished;
    private long start;

    /// <summary>Makes it, and looks for its writer.</summary>
    /// <param name="writers">Who have one.</param>
    /// <param name="key">The process.</param>
    /// <param name="options">The folder and its limits.</param>
    /// <param name="start">Where the process's output begins, if that is known; else -1.</param>
    /// <param name="knownEnd">The end, when it is certain; else -1.</param>
    /// <param name="opened">Is told, on any thread, that <see cref="Start"/> is known.</param>
    public ProcessLog(LogWriters writers, ProcessKey key, LogOptions options, long start, long knownEnd, Action<ProcessLog> opened)
    {
        (this.writers, this.options, this.start, this.knownEnd, this.opened) = (writers, options, start, knownEnd, opened);
        Key = key;
        appender = new LogAppender(options);
        writers.Begin(this);
    }

    public ProcessKey Key { get; }

    public string Directory => options.Directory;

    /// <summary>Where the process's output begins; -1 until the log has been opened for the first time.</summary>
    public long Start => Volatile.Read(ref start);

    /// <summary>The end, when the log is open and it is thus certain; else -1. Only while the writer stands still.</summary>
    public long CertainEnd => appender.IsOpen ? appender.End : -1;

    /// <summary>Has its writer, and does what was asked before.</summary>
    public void Begin(LogWriter found)
    {
        lock (gate)
        {
            writer = found;
            foreach (var action in early!) found.Post(action);
            early = null;
        }
    }

    /// <summary>Begins to read outputs.</summary>
    public void Read(Fd? stdout, Fd? stderr, Fd? master) => Post(() =>
    {
        if (stdout is not null) Add(writer!.CreateStream(stdout, terminal: false), 1);
        if (stderr is not null) Add(writer!.CreateStream(stderr, terminal: false), 2);
        if (master is not null) Add(writer!.CreateStream(master, terminal: true), 1);
    });

    /// <summary>
    /// Registers a watcher. <paramref name="ready"/> gets the beginning of the process's output and the end of the whole frames: at
    /// once, or, when the log has not been opened yet, on the writer's thread when that has been tried.
    /// </summary>
    public void Watch(LogWatcher watcher, Action<long, long> ready)
    {
        lock (gate)
        {
            watchers.Add(watcher);
            if (!known && !finished)
            {
                unanswered.Add(ready);
                if (unanswered.Count == 1) Post(TryOpen);
                return;
            }
        }
        ready(Start, appender.End);
    }

    /// <summary>Ends a watch, and closes its descriptor.</summary>
    public void Unwatch(LogWatcher watcher)
    {
        lock (gate)
        {
            if (watchers.Remove(watcher)) AskToPrune();
        }
        watcher.EventFd.Dispose();
    }

    public void Advance(LogWatcher watcher, long position)
    {
        lock (gate)
        {
            if (watcher.Position >= position) return;
            watcher.Position = position;
            AskToPrune();
        }
    }

    /// <summary>The process has ended: takes what it left in its pipes, closes the log, and wakes everybody for the last time.</summary>
    /// <param name="done">Gets the log's end, on the writer's thread.</param>
    public void Finish(Action<long> done) => Post(() => done(Finish()));

    /// <summary>Closes the file: of the writer's thread, as all that touches the disk.</summary>
    public void Dispose() => appender.Dispose();

    /// <summary>Has something done on the writer's thread, after what was asked for before.</summary>
    private void Post(Action action)
    {
        lock (gate)
        {
            if (early is not null) early.Add(action);
            else writer!.Post(action);
        }
    }

    /// <summary>Asked once until it is done, so that a stalled disk lets nothing pile up.</summary>
    private void AskToPrune()
    {
        if (pruneAsked || finished) return;
        pruneAsked = true;
        Post(() =>
        {
            lock (gate) pruneAsked = false;
            Prune();
        });
    }

    private void Add(OutputStream output, int number)
    {
        streams.Add((output, number));
        writer!.Register(output, () => Turn(output, number));
        if (!paused) output.Resume();
    }

    /// <summary>For who watches; a log that is finished by now is not opened again.</summary>
    private void TryOpen()
    {
        if (finished) Answer();
        else Open(make: false);
    }

    /// <summary>Finds the beginning and the end; what fails is tried again with the next output.</summary>
    private bool Open(bool make)
    {
        if (appender.IsOpen) return true;
        writer!.Place = options.Directory;
        try
        {
            appender.Open(knownEnd, make);
        }
        catch (Exception error) when (error is TareException or IOException or UnauthorizedAccessException)
        {
            writers.Complain($"the log of {Key} cannot be opened: {error.Message}");
            Answer();
            return false;
        }
        if (start < 0)
        {
            Volatile.Write(ref start, appender.End);
            opened(this);
        }
        lock (gate) known = true;
        Answer();
        return true;
    }

    private void Answer()
    {
        List<Action<long, long>> waiting;
        lock (gate)
        {
            waiting = [.. unanswered];
            unanswered.Clear();
        }
        foreach (var ready in waiting) ready(Start, appender.End);
    }

    private long Finish()
    {
        foreach (var (output, number) in streams)
        {
            output.Drain(writer!.Payload, count => Append(number, count));
            writer!.Unregister(output);
        }
        streams.Clear();
        Open(make: false);
        Dispose();
        lock (gate) finished = true;
        Wake();
        writers.Release(writer!);
        return appender.End;
    }

    /// <summary>One ready output gets one read, so that no process can keep the writer to itself.</summary>
    private void Turn(OutputStream output, int number)
    {
        if (paused) return;
        var count = output.Read(writer!.Payload);
        if (count > 0)
        {
            Append(number, count);
            Prune();
        }
    }

    /// <summary>Appends what was read. What the disk does not take is dropped: a full disk stops no container.</summary>
    private void Append(int number, int count)
    {
        if (!Open(make: true))
        {
            lost += count;
            return;
        }
        writer!.Place = options.Directory;
        try
        {
            appender.Append(writer.Seal(number, count));
        }
        catch (TareException error)
        {
            if (lost == 0) writers.Complain($"output of {Key} is being lost: {error.Message}");
            lost += count;
            return;
        }
        if (lost > 0)
        {
            writers.Complain($"{lost} bytes of output of {Key} were lost");
            lost = 0;
        }
        Wake();
    }

    /// <summary>Under the lock, which whoever ends a watch passes before the descriptor is closed.</summary>
    private void Wake()
    {
        lock (gate)
        {
            foreach (var watcher in watchers) EventFds.Signal(watcher.EventFd);
        }
    }

    private void Prune()
    {
        long preferred = long.MaxValue, required = long.MaxValue;
        lock (gate)
        {
            if (finished) return;
            foreach (var watcher in watchers)
            {
                if (watcher.Hold == LogHold.Prefer) preferred = Math.Min(preferred, watcher.Position);
                else if (watcher.Hold == LogHold.Require) required = Math.Min(required, watcher.Position);
            }
        }
        writer!.Place = options.Directory;
        try
        {
            appender.Prune(preferred, required);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            writers.Complain($"an old segment of the log of {Key} cannot be removed: {error.Message}");
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

using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// Gives each log to the writer of the filesystem that it is on, so that a disk that stalls holds up the output of those alone whose
/// logs are on it.
/// </summary>
/// <remarks>
/// One writer is always there and serves whichever filesystem comes first, as most machines have one; others are made with the first
/// log of theirs and end with the last. To ask which filesystem a folder is on can wait for its disk, too: it is asked on the runtime's
/// pool of threads, and until the answer is there, what is asked of a log waits in the log.
/// </remarks>
internal sealed class LogWriters : IDisposable
{
    /// <summary>How long a writer may take to answer before its disk counts as stalled: a busy one can take seconds.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    /// <summary>How long everybody's output may stand still, when a disk stalls although it has just answered.</summary>
    private static readonly TimeSpan HaltTime = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly EventLoop loop;
    private readonly TimeProvider clock;
    private readonly List<LogWriter> all = [];
    private readonly HashSet<ProcessLog> asking = [];
    private readonly List<ProcessLog> held = [];
    private Action<ProcessLog>? asked;
    private TaskCompletionSource? halt;
    private bool ended;

    public LogWriters(EventLoop loop, TimeProvider clock, Action<string> complain)
    {
        this.loop = loop;
        this.clock = clock;
        Complain = complain;
        _ = Create(device: 0);
    }

    /// <summary>Writes a line to the keeper's own log.</summary>
    public Action<string> Complain { get; }

    /// <summary>The one that is always there.</summary>
    private LogWriter First => all[0];

    /// <summary>Finds a log's writer. May be called from any thread, as everything here but a halt.</summary>
    public void Begin(ProcessLog log)
    {
        lock (gate)
        {
            if (halt is not null)
            {
                held.Add(log);
                return;
            }
            asking.Add(log);
        }
        ThreadPool.UnsafeQueueUserWorkItem(static work => work.Self.Assign(work.Log, DeviceOf(work.Log.Directory)), (Self: this, Log: log), preferLocal: false);
    }

    /// <summary>A log is closed.</summary>
    public void Release(LogWriter writer)
    {
        lock (gate) writer.Logs--;
    }

    /// <summary>
    /// Has every writer stand still between two frames, and no log be opened, until <see cref="GoOn"/>. Called in the loop, and so is
    /// the answer, of which there is one.
    /// </summary>
    /// <remarks>
    /// 1. Each is asked whether its disk answers, and goes on meanwhile: a stalled one stops nobody else.
    /// 2. Each is asked to stay where it is.
    /// </remarks>
    /// <param name="halted">All stand still; what they had to report stands before this in the loop's queue.</param>
    /// <param name="stalled">One does not answer: the folder of its log. All others go on.</param>
    public void Halt(Action halted, Action<string> stalled) => Ask(
        Task.CompletedTask,
        AnswerTime,
        () =>
        {
            var stay = new TaskCompletionSource();
            lock (gate) halt = stay;
            Ask(
                stay.Task,
                HaltTime,
                halted,
                place =>
                {
                    GoOn();
                    stalled(place);
                });
        },
        stalled);

    /// <summary>Ends a halt.</summary>
    public void GoOn()
    {
        List<ProcessLog> late;
        lock (gate)
        {
            halt!.SetResult();
            halt = null;
            late = [.. held];
            held.Clear();
        }
        foreach (var log in late) Begin(log);
    }

    /// <summary>Has the writers end when they have nothing to do. Waits for none: a stalled disk must not hold up the keeper's end.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            First.Post(static () => { }); // the others end by themselves
        }
    }

    /// <summary>The filesystem of a folder that may have to be made yet; 0 when that is not there either, as opening the log will tell.</summary>
    private static ulong DeviceOf(string directory) =>
        FileStatuses.DeviceOf(directory) ?? (Path.GetDirectoryName(directory) is { } parent ? FileStatuses.DeviceOf(parent) : null) ?? 0;

    private void Assign(ProcessLog log, ulong device)
    {
        LogWriter writer;
        lock (gate)
        {
            asking.Remove(log);
            asked?.Invoke(log);
            if (halt is not null)
            {
                held.Add(log);
                return;
            }
            writer = Find(device);
            writer.Logs++;
        }
        log.Begin(writer);
    }

    private LogWriter Find(ulong device)
    {
        if (all.Find(writer => writer.Logs > 0 && writer.Device == device) is { } known) return known;
        if (First.Logs == 0)
        {
            First.Device = device;
            return First;
        }
        try
        {
            return Create(device);
        }
        catch (Exception error) when (error is LinuxException or OutOfMemoryException)
        {
            Complain($"logs of two filesystems have to share a writer: {error.Message}");
            return First;
        }
    }

    private LogWriter Create(ulong device)
    {
        var writer = new LogWriter(clock, MayEnd) { Device = device };
        writer.Start();
        all.Add(writer);
        return writer;
    }

    private bool MayEnd(LogWriter writer)
    {
        lock (gate)
        {
            return writer.Logs == 0 && writer.IsIdle && (writer != First || ended) && all.Remove(writer);
        }
    }

    /// <summary>Asks every writer, and everybody who looks for one, for a sign of life; a writer then stays until it may go on.</summary>
    private void Ask(Task stay, TimeSpan patience, Action answered, Action<string> stalled)
    {
        var over = false;
        HashSet<LogWriter> silent;
        HashSet<ProcessLog> searching;
        lock (gate)
        {
            silent = [.. all];
            searching = [.. asking];
            asked = log =>
            {
                if (searching.Remove(log)) Check();
            };
            foreach (var writer in all)
            {
                writer.Post(() =>
                {
                    lock (gate)
                    {
                        silent.Remove(writer);
                        Check();
                    }
                    stay.Wait();
                });
            }
        }
        loop.After(patience, () =>
        {
            if (over) return;
            over = true;
            string place;
            lock (gate) place = silent.FirstOrDefault()?.Place ?? searching.FirstOrDefault()?.Directory ?? "";
            stalled(place);
        });

        void Check()
        {
            if (silent.Count > 0 || searching.Count > 0) return;
            loop.Post(() =>
            {
                if (over) return;
                over = true;
                answered();
            });
        }
    }
}

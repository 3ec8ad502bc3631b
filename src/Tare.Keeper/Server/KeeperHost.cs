using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>One keeper: puts its parts together, begins from nothing, a journal or a handover, and runs.</summary>
internal sealed class KeeperHost : IDisposable
{
    private readonly KeeperOptions options;
    private readonly Fd exclusive;
    private readonly Fd listener;
    private readonly EventLoop loop = new();
    private readonly LogWriters logs;
    private readonly Journal journal;
    private readonly KeeperState state;
    private readonly Reaper reaper;
    private readonly Outputs outputs;
    private readonly Launches launches;
    private readonly Watches watches;
    private readonly FdStore store;
    private readonly Requests requests;
    private ulong listenerToken;
    private Fd? ending;
    private bool awaitsTurn;

    /// <summary>Puts it together around the exclusive lock and the listening socket.</summary>
    public KeeperHost(KeeperOptions options, Fd exclusive, Fd listener, Action<string> complain)
    {
        this.options = options;
        this.exclusive = exclusive;
        this.listener = listener;
        logs = new LogWriters(loop, options.Clock, complain);
        journal = new Journal(JournalPath(options.ExecRoot));
        state = new KeeperState(loop, logs, journal, options.Clock, complain);
        outputs = new Outputs(state);
        Launches? lateLaunches = null;
        reaper = new Reaper(state) { Ended = OnEnded, MayEnd = Launches.MayEnd, ExpectsUnknown = () => lateLaunches!.ExpectsUnknown };
        Requests? lateRequests = null;
        launches = lateLaunches = new Launches(state, outputs, reaper, options.LauncherImage) { Answer = OnLaunched };
        watches = new Watches(state);
        store = new FdStore(ProcessImage.RaiseFileLimit() / 4 * 3);
        Upgrade? lateUpgrade = null;
        requests = lateRequests = new Requests(state, launches, outputs, reaper, watches, new HoldRequests(store))
        {
            Deserted = EndIfDeserted,
            UpgradeRequested = (session, request, binary) => lateUpgrade!.Begin(session, request, binary, reaper),
        };
        lateUpgrade = new Upgrade(state, options, Capture);
        Listen();
    }

    private bool IsDeserted => requests.Sessions.Count == 0 && state.Children.Values.All(child => child.Phase == Phase.Ended);

    public static string SocketPath(string execRoot) => execRoot + "/keeper.sock";

    public static string JournalPath(string execRoot) => execRoot + "/keeper.journal";

    public static string LockPath(string execRoot) => execRoot + "/keeper.lock";

    /// <summary>The lock of whoever finds or starts a keeper, or is one that ends.</summary>
    public static string StartLockPath(string execRoot) => execRoot + "/keeper.start.lock";

    /// <summary>Where keepers write what went wrong.</summary>
    public static string LogPath(string execRoot) => execRoot + "/keeper.log";

    /// <summary>Begins with what the journal of a keeper that died has.</summary>
    public void Recover()
    {
        foreach (var (record, started) in journal.Living.ToList())
        {
            if (!started)
            {
                state.Aborted.Add(record.Key);
                continue;
            }
            var child = new KeptChild { Record = record, Adopted = true, Bare = true, Phase = Phase.Ended };
            state.Children.Add(record.Key, child);
            if (record.Exit is not null) continue;
            child.PidFd = PidFds.TryOpen(record.Pid, out _);
            if (child.PidFd is not null && PidFds.Identity(child.PidFd, record.Pid) != record.Identity)
            {
                child.PidFd.Dispose();
                child.PidFd = null;
            }
            child.Phase = child.PidFd is null ? Phase.Lost : Phase.Running;
            outputs.Attach(child);
            if (child.PidFd is not null) reaper.Watch(child);
        }
        if (state.Children.Count > 0) state.Complain($"took over {state.Children.Count} processes from the journal");
    }

    /// <summary>Goes on as the program that this one was before.</summary>
    public void Restore(Handover handover)
    {
        foreach (var session in handover.Sessions) requests.Connect(new Fd(session.Socket), session.Id).Subscribed = session.Subscribed;
        foreach (var key in handover.Aborted) state.Aborted.Add(key);
        foreach (var holding in handover.Holdings) store.Restore(holding.Name, holding.Descriptors);
        foreach (var process in handover.Processes) Restore(process);
        foreach (var watch in handover.Watches)
        {
            var eventFd = new Fd(watch.EventFd);
            if (state.Children.TryGetValue(watch.Key, out var child) && child.Log is not null)
                requests.Watch(new LogWatcher { Session = watch.Session, Id = watch.Id, Key = watch.Key, EventFd = eventFd, Hold = watch.Hold, Position = watch.Position, Request = watch.Request }, child);
            else
                eventFd.Dispose();
        }
        if (requests.Find(handover.RequestSession) is { } asking) Requests.Done(asking, handover.Request);
        reaper.Sweep();
        state.Loop.Post(EndIfDeserted); // a session that was congested is not handed over
    }

    public void Connect(Fd socket) => requests.Connect(socket);

    public void Run() => loop.Run();

    /// <summary>Leaves a journal for the next, unless there is nothing in it.</summary>
    public void Dispose()
    {
        logs.Dispose();
        journal.Dispose();
        store.Dispose(); // who starts the next keeper finds no port taken
        if (ending is not null)
        {
            string[] unneeded = [SocketPath(options.ExecRoot), .. state.Children.Count > 0 ? (string[])[] : [JournalPath(options.ExecRoot), LogPath(options.ExecRoot)], LockPath(options.ExecRoot), StartLockPath(options.ExecRoot)];
            foreach (var path in unneeded) File.Delete(path);
            ending.Dispose();
        }
        launches.Dispose();
        reaper.Dispose();
        listener.Dispose();
        loop.Dispose();
        exclusive.Dispose();
    }

    private void Listen() => listenerToken = loop.Add(listener, EpollEvents.In, OnConnection);

    private void OnConnection()
    {
        try
        {
            while (SeqPacketSocket.Accept(listener) is { } socket)
            {
                if (SeqPacketSocket.PeerUser(socket) == 0) requests.Connect(socket);
                else socket.Dispose();
            }
        }
        catch (LinuxException error)
        {
            // Too many open files: what waits is accepted when there are fewer, and the processes that are kept go on.
            state.Complain(error.Message);
            loop.Remove(listenerToken, listener);
            loop.After(TimeSpan.FromSeconds(1), Listen);
        }
    }

    private void OnLaunched(KeptChild child, ulong session, ulong request)
    {
        requests.AnswerLaunch(child, session, request);
        EndIfDeserted(); // a launch that failed, of a daemon that has gone
    }

    private void OnEnded(KeptChild child, WaitStatus? status)
    {
        if (child.Phase == Phase.Launching)
        {
            launches.ProcessEnded(child);
            return;
        }
        child.Status = status;
        child.EndedAt = state.Clock.GetUtcNow();
        child.Phase = Phase.Ending;
        Finish(child);
    }

    private void Finish(KeptChild child)
    {
        if (child.Log is not { } log)
        {
            Finished(child, 0);
            return;
        }
        log.Finish(end => state.Loop.Post(() => Finished(child, end)));
    }

    private void Finished(KeptChild child, long logEnd)
    {
        child.Phase = Phase.Ended;
        child.Record = child.Record with { Exit = ExitOf(child, logEnd) };
        child.Log = null;
        state.Journal.Exited(child.Record);
        outputs.Close(child);
        requests.AnnounceExit(child);
        EndIfDeserted();
    }

    private static ProcessExit ExitOf(KeptChild child, long logEnd) =>
        new(child.Key, child.Status?.ExitCode, child.Status?.Signaled ?? false, child.EndedAt, logEnd);

    /// <summary>
    /// When the last daemon has gone and the last process has ended, the keeper ends: ends that nobody has acknowledged are in the
    /// journal with all that there is to tell, and the next keeper tells them. Not while another daemon is on its way: it has the lock.
    /// </summary>
    private void EndIfDeserted()
    {
        if (ending is not null || !IsDeserted) return;
        ending = RegularFiles.OpenLocked(StartLockPath(options.ExecRoot), wait: false);
        if (ending is not null) loop.Stop();
        else AwaitTurn();
    }

    /// <summary>Who has the lock may never come, or may have been the one who has just gone: the keeper looks again when it is free.</summary>
    private void AwaitTurn()
    {
        if (awaitsTurn) return;
        awaitsTurn = true;
        var waiter = new Thread(
            () =>
            {
                var turn = RegularFiles.OpenLocked(StartLockPath(options.ExecRoot), wait: true);
                state.Loop.Post(() =>
                {
                    awaitsTurn = false;
                    turn?.Dispose();
                    EndIfDeserted();
                });
            },
            64 * 1024) { IsBackground = true, Name = "end of the keeper" };
        waiter.Start();
    }

    private Handover Capture() => new()
    {
        Listener = listener.Number,
        Lock = exclusive.Number,
        Sessions = [.. requests.Sessions.Where(session => !session.IsCongested).Select(session => new HandedSession(session.Id, session.Socket.Number, session.Subscribed))],
        Processes = [.. state.Children.Values.Select(Capture)],
        Watches = [.. watches.All.Select(watcher => new HandedWatch(watcher.Session, watcher.Id, watcher.Key, watcher.Hold, watcher.Position, watcher.EventFd.Number, watcher.Request))],
        Aborted = [.. state.Aborted],
        Holdings = [.. store.All.Select(entry => new HandedHolding(entry.Key, [.. entry.Value.Select(fd => fd.Number)]))],
    };

    private static HandedProcess Capture(KeptChild child)
    {
        var descriptors = new List<Fd>();
        var slots = child.Descriptors(descriptors);
        var record = child.Record with { Slots = slots };
        if (child.Log is { Start: >= 0 } log) record = record with { LogStart = log.Start };
        if (child.Phase == Phase.Ending) record = record with { Exit = ExitOf(child, 0) };
        HandedLaunch? launch = null;
        if (child.Launch is { } under)
            launch = new HandedLaunch(under.LauncherPid, under.StatusSocket?.Number ?? -1, under.Failure, under.ProcessGone, under.Waiting);
        return new HandedProcess(record, child.Phase, child.Owner, child.Adopted, child.Bare, [.. descriptors.Select(fd => fd.Number)], child.Log?.CertainEnd ?? -1, launch);
    }

    private void Restore(HandedProcess handed)
    {
        var child = new KeptChild { Record = handed.Record with { Slots = Slots.None }, Phase = handed.Phase, Owner = handed.Owner, Adopted = handed.Adopted, Bare = handed.Bare };
        var next = 0;
        child.PidFd = Take(Slots.PidFd);
        child.Stdin = Take(Slots.Stdin);
        child.Stdout = Take(Slots.Stdout);
        child.Stderr = Take(Slots.Stderr);
        child.Master = Take(Slots.Master);
        state.Children.Add(child.Key, child);
        if (handed.Launch is { } launch)
        {
            child.Launch = new LaunchState { LauncherPid = launch.LauncherPid, StatusSocket = launch.StatusSocket < 0 ? null : new Fd(launch.StatusSocket), Failure = launch.Failure, ProcessGone = launch.ProcessGone };
            child.Launch.Waiting.AddRange(launch.Waiting);
            launches.Resume(child);
        }
        if (child.Phase is Phase.Running or Phase.Lost or Phase.Ending) outputs.Attach(child, handed.LogPosition);
        if (child.Phase == Phase.Running)
        {
            reaper.Watch(child);
        }
        else if (child.Phase == Phase.Ending)
        {
            var exit = child.Record.Exit!;
            child.Status = exit.ExitCode is { } code ? new WaitStatus(exit.Signaled ? code - 128 : code, exit.Signaled) : null;
            child.EndedAt = exit.At;
            child.Record = child.Record with { Exit = null };
            Finish(child);
        }

        Fd? Take(Slots slot) => (handed.Record.Slots & slot) != 0 && next < handed.Descriptors.Count ? new Fd(handed.Descriptors[next++]) : null;
    }
}

using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>Carries out what daemons ask for: see <see cref="Packet"/>.</summary>
internal sealed class Requests(KeeperState state, Launches launches, Outputs outputs, Reaper reaper, Watches watches, HoldRequests holds)
{
    private readonly Dictionary<ulong, Session> sessions = [];
    private ulong lastSession;

    /// <summary>Is told that the last daemon has gone.</summary>
    public required Action Deserted { get; init; }

    /// <summary>Is asked to become another program: by whom, and with which file (null: its own).</summary>
    public required Action<Session, ulong, Fd?> UpgradeRequested { get; init; }

    public IReadOnlyCollection<Session> Sessions => sessions.Values;

    public Session Connect(Fd socket, ulong id = 0)
    {
        if (id == 0) id = ++lastSession;
        lastSession = Math.Max(lastSession, id);
        var session = new Session(state.Loop, socket, id) { Requested = Handle, Closed = OnClosed };
        sessions.Add(id, session);
        session.Start();
        return session;
    }

    public Session? Find(ulong id) => sessions.GetValueOrDefault(id);

    /// <summary>Answers a launch, by what has become of it.</summary>
    public void AnswerLaunch(KeptChild child, ulong sessionId, ulong request)
    {
        if (Find(sessionId) is not { } session) return;
        if (child.Launch?.Failure is var (step, error))
        {
            session.Send(PacketType.LaunchFailed, request, (ref FieldWriter writer, List<Fd> _) => WriteFailure(ref writer, step, error));
            return;
        }
        session.Send(PacketType.Launched, request, (ref FieldWriter writer, List<Fd> descriptors) => WriteChild(child, ref writer, descriptors));
    }

    public void AnnounceExit(KeptChild child)
    {
        foreach (var session in sessions.Values.ToList())
        {
            if (session.Subscribed) SendExit(session, child);
        }
    }

    private static bool WriteFailure(ref FieldWriter writer, int step, int error)
    {
        writer.Present(Field.Step, step);
        writer.Number(Field.Error, error);
        return true;
    }

    private static bool WriteChild(KeptChild child, ref FieldWriter writer, List<Fd> descriptors)
    {
        var slots = child.Descriptors(descriptors);
        (child.Record with { Slots = slots }).Write(ref writer);
        return true;
    }

    public static void Done(Session session, ulong request) =>
        session.Send(PacketType.Done, request, static (ref FieldWriter _, List<Fd> _) => true);

    public static void Refuse(Session session, ulong request, ErrorKind kind, string message) =>
        session.Send(PacketType.Refused, request, (ref FieldWriter writer, List<Fd> _) =>
        {
            writer.Number(Field.Error, (long)kind);
            writer.Text(Field.Message, message);
            return true;
        });

    private void SendExit(Session session, KeptChild child) =>
        session.Send(PacketType.Exited, 0, (ref FieldWriter writer, List<Fd> _) =>
        {
            if (!state.Children.ContainsKey(child.Key) || child.Record.Exit is not { } exit) return false;
            ProcessRecord.WriteKey(ref writer, child.Key);
            ProcessRecord.WriteExit(ref writer, exit);
            return true;
        });

    private void Handle(Session session, PacketType type, ulong request, ReadOnlyMemory<byte> fields, List<Fd> descriptors)
    {
        try
        {
            switch (type)
            {
                case PacketType.Hello: Welcome(session, request, fields.Span); break;
                case PacketType.Launch: Launch(session, request, ProcessRecord.Read(fields.Span), descriptors); break;
                case PacketType.CloseStdin: CloseStdin(session, request, ProcessRecord.ReadKey(fields.Span)); break;
                case PacketType.Acknowledge: Acknowledge(session, request, ProcessRecord.ReadKey(fields.Span)); break;
                case PacketType.Watch: Watch(session, request, fields.Span, descriptors); break;
                case PacketType.Unwatch: watches.Remove(session.Id, ReadWatch(fields.Span).Id); break;
                case PacketType.Advance:
                    var (id, _, position) = ReadWatch(fields.Span);
                    watches.Advance(session.Id, id, position);
                    break;
                case PacketType.List: List(session, request); break;
                case PacketType.Adopt: Adopt(session, request, ProcessRecord.Read(fields.Span), descriptors); break;
                case PacketType.Subscribe: Subscribe(session, request); break;
                case PacketType.Hold: holds.Hold(session, request, fields.Span, descriptors); break;
                case PacketType.Release: holds.Release(session, request, fields.Span); break;
                case PacketType.Holdings: holds.List(session, request); break;
                case PacketType.Upgrade:
                    var binary = descriptors.Count > 0 ? descriptors[0] : null;
                    descriptors.Clear();
                    UpgradeRequested(session, request, binary);
                    break;
                default: Refuse(session, request, ErrorKind.NotImplemented, $"the keeper is older than the daemon and does not know request {(uint)type}: upgrade it"); break;
            }
        }
        catch (TareException error)
        {
            Refuse(session, request, error.Kind, error.Message);
        }
    }

    private static void Welcome(Session session, ulong request, ReadOnlySpan<byte> fields)
    {
        var reader = new FieldReader(fields);
        long lowest = 0, highest = 0;
        while (reader.Next())
        {
            if (reader.Field == Field.LowestVersion) lowest = reader.Number;
            else if (reader.Field == Field.HighestVersion) highest = reader.Number;
        }
        if (lowest > Packet.Version || highest < Packet.Version)
        {
            Refuse(session, request, ErrorKind.NotImplemented, $"the keeper speaks version {Packet.Version} of its protocol, the daemon {lowest} to {highest}");
            return;
        }
        session.Send(PacketType.Welcome, request, static (ref FieldWriter writer, List<Fd> _) =>
        {
            writer.Number(Field.HighestVersion, Packet.Version);
            writer.Number(Field.Pid, Environment.ProcessId);
            return true;
        });
    }

    private void Launch(Session session, ulong request, ProcessRecord record, List<Fd> descriptors)
    {
        if (state.Children.TryGetValue(record.Key, out var child))
        {
            if (child.Phase == Phase.Launching) child.Launch!.Waiting.Add((session.Id, request));
            else AnswerLaunch(child, session.Id, request);
        }
        else if (state.Aborted.Remove(record.Key))
        {
            state.Journal.Forget(record.Key);
            session.Send(PacketType.LaunchFailed, request, static (ref FieldWriter writer, List<Fd> _) => WriteFailure(ref writer, LaunchFailedException.NoStep, Errno.EOWNERDEAD));
        }
        else if (descriptors.Count == 0 || record.Key.Id.Length == 0 || (record.Output == OutputTarget.Log && record.Log is null))
        {
            throw TareException.Invalid("a launch needs a key, a program, and a log if its output goes there");
        }
        else
        {
            launches.Begin(record, descriptors, session.Id, request);
        }
    }

    private void CloseStdin(Session session, ulong request, ProcessKey key)
    {
        if (state.Children.TryGetValue(key, out var child))
        {
            child.Stdin?.Dispose();
            child.Stdin = null;
        }
        Done(session, request);
    }

    private void Acknowledge(Session session, ulong request, ProcessKey key)
    {
        if (state.Children.TryGetValue(key, out var child))
        {
            if (child.Phase != Phase.Ended) throw TareException.Conflict($"process {key} is still running");
            state.Children.Remove(key);
            state.Journal.Forget(key);
            watches.RemoveAll(key);
            outputs.Close(child);
        }
        else if (state.Aborted.Remove(key))
        {
            state.Journal.Forget(key);
        }
        Done(session, request);
    }

    private void Watch(Session session, ulong request, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        var key = ProcessRecord.ReadKey(fields);
        if (!state.Children.TryGetValue(key, out var child) || child.Phase is Phase.Launching or Phase.Lost || child.Record.Log is null)
            throw TareException.NotFound($"no process {key} with a log is kept");
        if (descriptors.Count != 1) throw TareException.Invalid("a watch needs an eventfd");
        var (id, hold, position) = ReadWatch(fields);
        if (child.Log is null)
        {
            SendWatching(session, request, child, child.Record.LogStart, child.Record.Exit?.LogEnd ?? 0);
            return;
        }
        var watcher = new LogWatcher { Session = session.Id, Id = id, Key = key, EventFd = descriptors[0], Hold = hold, Position = position, Request = request };
        descriptors.Clear();
        Watch(watcher, child);
    }

    /// <summary>Registers a watcher, and answers the request if that has not been done.</summary>
    public void Watch(LogWatcher watcher, KeptChild child) =>
        watches.Add(watcher, child.Log!, (start, committed) =>
        {
            if (watcher.Request != 0 && Find(watcher.Session) is { } session) SendWatching(session, watcher.Request, child, start, committed);
            watcher.Request = 0;
        });

    private static void SendWatching(Session session, ulong request, KeptChild child, long start, long committed) =>
        session.Send(PacketType.Watching, request, (ref FieldWriter writer, List<Fd> _) =>
        {
            writer.Number(Field.LogStart, Math.Max(0, start));
            writer.Number(Field.Committed, committed);
            if (child.Record.Exit is { } exit) ProcessRecord.WriteExit(ref writer, exit);
            return true;
        });

    private static (ulong Id, LogHold Hold, long Position) ReadWatch(ReadOnlySpan<byte> fields)
    {
        var reader = new FieldReader(fields);
        ulong id = 0;
        var hold = LogHold.None;
        long position = 0;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.Watch: id = (ulong)reader.Number; break;
                case Field.Hold: hold = (LogHold)reader.Number; break;
                case Field.Position: position = reader.Number; break;
            }
        }
        return (id, hold, position);
    }

    private void List(Session session, ulong request)
    {
        foreach (var child in state.Children.Values)
        {
            if (child.Phase == Phase.Launching) continue;
            session.Send(PacketType.Kept, request, (ref FieldWriter writer, List<Fd> descriptors) => state.Children.ContainsKey(child.Key) && WriteChild(child, ref writer, descriptors));
        }
        Done(session, request);
    }

    /// <summary>Takes over what a daemon holds of a process whose keeper has died.</summary>
    private void Adopt(Session session, ulong request, ProcessRecord record, List<Fd> descriptors)
    {
        var fresh = !state.Children.TryGetValue(record.Key, out var child);
        if (fresh || (child!.Bare && child.Phase is Phase.Running or Phase.Lost))
        {
            child ??= new KeptChild { Record = record with { Slots = Slots.None }, Phase = Phase.Lost, Adopted = true };
            child.Bare = false;
            state.Children[record.Key] = child;
            child.Owner = record.Output == OutputTarget.Caller ? session.Id : 0;
            TakeDescriptors(child, record.Slots, descriptors);
            if (child.PidFd is null)
            {
                state.Children.Remove(record.Key);
                throw TareException.Invalid($"process {record.Key} cannot be adopted without its pidfd");
            }
            if (child.Log is not null) Outputs.AttachStreams(child);
            else outputs.Attach(child);
            if (child.Phase == Phase.Lost)
            {
                child.Phase = Phase.Running;
                reaper.Watch(child);
            }
            if (fresh) state.Journal.Started(child.Record);
        }
        Done(session, request);
    }

    private static void TakeDescriptors(KeptChild child, Slots slots, List<Fd> descriptors)
    {
        var next = 0;
        var taken = new List<Fd>(descriptors);
        descriptors.Clear();
        child.PidFd = Take(Slots.PidFd, child.PidFd);
        child.Stdin = Take(Slots.Stdin, child.Stdin);
        child.Stdout = Take(Slots.Stdout, child.Stdout);
        child.Stderr = Take(Slots.Stderr, child.Stderr);
        child.Master = Take(Slots.Master, child.Master);

        Fd? Take(Slots slot, Fd? own)
        {
            if ((slots & slot) == 0 || next >= taken.Count) return own;
            var fd = taken[next++];
            if (own is null) return fd;
            fd.Dispose();
            return own;
        }
    }

    private void Subscribe(Session session, ulong request)
    {
        session.Subscribed = true;
        Done(session, request);
        // A daemon that has something to say about lost processes has said it by now.
        foreach (var child in state.Children.Values.Where(child => child.Phase == Phase.Lost).ToList()) reaper.Ended(child, null);
        foreach (var child in state.Children.Values)
        {
            if (child.Phase == Phase.Ended) SendExit(session, child);
        }
    }

    private void OnClosed(Session session)
    {
        sessions.Remove(session.Id);
        watches.RemoveAll(session.Id);
        holds.Closed(session);
        foreach (var child in state.Children.Values)
        {
            if (child.Owner == session.Id && child.Record.Output == OutputTarget.Caller && child.Phase == Phase.Running) outputs.Drain(child);
            else if (child.Owner == session.Id) child.Owner = 0;
        }
        if (sessions.Count == 0) Deserted();
    }
}

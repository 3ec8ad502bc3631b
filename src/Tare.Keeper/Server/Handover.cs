using System.Buffers;
using Tare.Errors;
using Tare.Keeper.Protocol;

namespace Tare.Keeper.Server;

/// <summary>A connection, as it is handed over.</summary>
internal sealed record HandedSession(ulong Id, int Socket, bool Subscribed);

/// <summary>A watcher of a log, as it is handed over.</summary>
internal sealed record HandedWatch(ulong Session, ulong Id, ProcessKey Key, LogHold Hold, long Position, int EventFd, ulong Request);

/// <summary>A launch under way, as it is handed over.</summary>
internal sealed record HandedLaunch(int LauncherPid, int StatusSocket, (int Step, int Error)? Failure, bool ProcessGone, IReadOnlyList<(ulong Session, ulong Request)> Waiting);

/// <summary>A process, as it is handed over.</summary>
internal sealed record HandedProcess(ProcessRecord Record, Phase Phase, ulong Owner, bool Adopted, bool Bare, IReadOnlyList<int> Descriptors, long LogPosition, HandedLaunch? Launch);

/// <summary>Descriptors that are held under a name, as they are handed over.</summary>
internal sealed record HandedHolding(string Name, IReadOnlyList<int> Descriptors);

/// <summary>
/// Everything that one program gives the next when the keeper upgrades itself: written to a memfd whose number the new program gets
/// as <c>--handover-fd</c>. Descriptors keep their numbers.
/// </summary>
/// <remarks>
/// A reader skips fields that it does not know and takes missing ones for zero, so that the formats of neighbouring versions
/// can be read both ways. <c>ReadableFrom</c> is raised when an older program would misunderstand: it then refuses, before
/// anything has happened. That is so when descriptors are held: a program of format 1 would leave them open for ever.
/// </remarks>
internal sealed record Handover
{
    public const int Version = 2;

    /// <summary>So many descriptors of a name are written at a time.</summary>
    private const int HoldingPart = 4096;

    public int Listener { get; init; } = -1;

    public int Lock { get; init; } = -1;

    public ulong RequestSession { get; init; }

    public ulong Request { get; init; }

    public IReadOnlyList<HandedSession> Sessions { get; init; } = [];

    public IReadOnlyList<HandedProcess> Processes { get; init; } = [];

    public IReadOnlyList<HandedWatch> Watches { get; init; } = [];

    public IReadOnlyList<ProcessKey> Aborted { get; init; } = [];

    public IReadOnlyList<HandedHolding> Holdings { get; init; } = [];

    /// <summary>Every descriptor that has to survive the change of programs.</summary>
    public IEnumerable<int> Descriptors =>
        new[] { Listener, Lock }
            .Concat(Sessions.Select(session => session.Socket))
            .Concat(Watches.Select(watch => watch.EventFd))
            .Concat(Processes.SelectMany(process => process.Descriptors))
            .Concat(Processes.Select(process => process.Launch?.StatusSocket ?? -1))
            .Concat(Holdings.SelectMany(holding => holding.Descriptors))
            .Where(number => number >= 0);

    public byte[] Write()
    {
        var output = new ArrayBufferWriter<byte>();
        var scratch = new byte[Packet.MaxSize];
        Emit(output, scratch, (ref FieldWriter writer) =>
        {
            writer.Number(Field.FormatVersion, Version);
            writer.Number(Field.ReadableFrom, Holdings.Count > 0 ? 2 : 1);
            writer.Present(Field.Listener, Listener);
            writer.Present(Field.Lock, Lock);
            writer.Number(Field.SessionId, (long)RequestSession);
            writer.Number(Field.Request, (long)Request);
        });
        foreach (var session in Sessions) EmitNested(output, scratch, Field.Session, (ref FieldWriter writer) => Write(ref writer, session));
        foreach (var process in Processes) EmitNested(output, scratch, Field.Process, (ref FieldWriter writer) => Write(ref writer, process));
        foreach (var watch in Watches) EmitNested(output, scratch, Field.LogWatch, (ref FieldWriter writer) => Write(ref writer, watch));
        foreach (var key in Aborted) EmitNested(output, scratch, Field.Aborted, (ref FieldWriter writer) => ProcessRecord.WriteKey(ref writer, key));
        foreach (var holding in Holdings)
        {
            foreach (var part in holding.Descriptors.Chunk(HoldingPart)) EmitNested(output, scratch, Field.Holding, (ref FieldWriter writer) => Write(ref writer, holding.Name, part));
        }
        return output.WrittenSpan.ToArray();
    }

    /// <exception cref="TareException">It is no handover, or of a version that this program cannot read.</exception>
    public static Handover Read(ReadOnlySpan<byte> data)
    {
        var reader = new FieldReader(data);
        var handover = new Handover();
        var sessions = new List<HandedSession>();
        var processes = new List<HandedProcess>();
        var watches = new List<HandedWatch>();
        var aborted = new List<ProcessKey>();
        var holdings = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var version = 0L;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.FormatVersion: version = reader.Number; break;
                case Field.ReadableFrom when reader.Number > Version:
                    throw TareException.NotImplemented($"the handover needs a keeper of format {reader.Number}, and this one is of {Version}");
                case Field.Listener: handover = handover with { Listener = (int)reader.Number }; break;
                case Field.Lock: handover = handover with { Lock = (int)reader.Number }; break;
                case Field.SessionId: handover = handover with { RequestSession = (ulong)reader.Number }; break;
                case Field.Request: handover = handover with { Request = (ulong)reader.Number }; break;
                case Field.Session: sessions.Add(ReadSession(reader.Bytes)); break;
                case Field.Process: processes.Add(ReadProcess(reader.Bytes)); break;
                case Field.LogWatch: watches.Add(ReadWatch(reader.Bytes)); break;
                case Field.Aborted: aborted.Add(ProcessRecord.ReadKey(reader.Bytes)); break;
                case Field.Holding: ReadHolding(reader.Bytes, holdings); break;
            }
        }
        if (version == 0 || handover.Listener < 0) throw TareException.Invalid("this is no keeper's handover");
        return handover with { Sessions = sessions, Processes = processes, Watches = watches, Aborted = aborted, Holdings = [.. holdings.Select(entry => new HandedHolding(entry.Key, entry.Value))] };
    }

    private delegate void Emitter(ref FieldWriter writer);

    private static void Emit(ArrayBufferWriter<byte> output, byte[] scratch, Emitter emit)
    {
        var writer = new FieldWriter(scratch);
        emit(ref writer);
        output.Write(writer.Written);
    }

    private static void EmitNested(ArrayBufferWriter<byte> output, byte[] scratch, int field, Emitter emit)
    {
        var nested = new FieldWriter(scratch);
        emit(ref nested);
        var whole = new FieldWriter(output.GetSpan(nested.Length + 16));
        whole.Bytes(field, nested.Written);
        output.Advance(whole.Length);
    }

    private static void Write(ref FieldWriter writer, HandedSession session)
    {
        writer.Number(Field.SessionId, (long)session.Id);
        writer.Present(Field.Descriptor, session.Socket);
        writer.Flag(Field.Subscribed, session.Subscribed);
    }

    private static HandedSession ReadSession(ReadOnlySpan<byte> data)
    {
        var reader = new FieldReader(data);
        var session = new HandedSession(0, -1, false);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.SessionId: session = session with { Id = (ulong)reader.Number }; break;
                case Field.Descriptor: session = session with { Socket = (int)reader.Number }; break;
                case Field.Subscribed: session = session with { Subscribed = reader.Flag }; break;
            }
        }
        return session;
    }

    private static void Write(ref FieldWriter writer, string name, int[] descriptors)
    {
        writer.Text(Field.Name, name);
        foreach (var number in descriptors) writer.Present(Field.Descriptor, number);
    }

    /// <summary>Adds what one field has to the descriptors of its name.</summary>
    private static void ReadHolding(ReadOnlySpan<byte> data, Dictionary<string, List<int>> holdings)
    {
        var reader = new FieldReader(data);
        var name = "";
        var descriptors = new List<int>();
        while (reader.Next())
        {
            if (reader.Field == Field.Name) name = reader.Text;
            else if (reader.Field == Field.Descriptor) descriptors.Add((int)reader.Number);
        }
        if (!holdings.TryGetValue(name, out var list)) holdings.Add(name, list = []);
        list.AddRange(descriptors);
    }

    private static void Write(ref FieldWriter writer, HandedWatch watch)
    {
        writer.Number(Field.SessionId, (long)watch.Session);
        writer.Number(Field.Watch, (long)watch.Id);
        ProcessRecord.WriteKey(ref writer, watch.Key);
        writer.Number(Field.Hold, (long)watch.Hold);
        writer.Number(Field.Position, watch.Position);
        writer.Present(Field.Descriptor, watch.EventFd);
        writer.Number(Field.Request, (long)watch.Request);
    }

    private static HandedWatch ReadWatch(ReadOnlySpan<byte> data)
    {
        var reader = new FieldReader(data);
        var watch = new HandedWatch(0, 0, ProcessRecord.ReadKey(data), LogHold.None, 0, -1, 0);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.SessionId: watch = watch with { Session = (ulong)reader.Number }; break;
                case Field.Watch: watch = watch with { Id = (ulong)reader.Number }; break;
                case Field.Hold: watch = watch with { Hold = (LogHold)reader.Number }; break;
                case Field.Position: watch = watch with { Position = reader.Number }; break;
                case Field.Descriptor: watch = watch with { EventFd = (int)reader.Number }; break;
                case Field.Request: watch = watch with { Request = (ulong)reader.Number }; break;
            }
        }
        return watch;
    }

    private static void Write(ref FieldWriter writer, HandedProcess process)
    {
        var inner = new FieldWriter(new byte[Packet.MaxSize / 2]);
        process.Record.Write(ref inner);
        writer.Bytes(Field.Record, inner.Written);
        writer.Number(Field.Phase, (long)process.Phase);
        writer.Number(Field.Owner, (long)process.Owner);
        writer.Flag(Field.Adopted, process.Adopted);
        writer.Flag(Field.Bare, process.Bare);
        foreach (var number in process.Descriptors) writer.Present(Field.Descriptor, number);
        writer.Present(Field.Position, process.LogPosition);
        if (process.Launch is not { } launch) return;
        writer.Present(Field.LauncherPid, launch.LauncherPid);
        writer.Present(Field.StatusSocket, launch.StatusSocket);
        writer.Flag(Field.ProcessGone, launch.ProcessGone);
        if (launch.Failure is var (step, error))
        {
            writer.Present(Field.Step, step);
            writer.Present(Field.Error, error);
        }
        foreach (var (session, request) in launch.Waiting)
        {
            var waiting = new FieldWriter(new byte[64]);
            waiting.Number(Field.SessionId, (long)session);
            waiting.Number(Field.Request, (long)request);
            writer.Bytes(Field.Waiting, waiting.Written);
        }
    }

    private static HandedProcess ReadProcess(ReadOnlySpan<byte> data)
    {
        var reader = new FieldReader(data);
        var process = new HandedProcess(new ProcessRecord(), Phase.Launching, 0, false, false, [], -1, null);
        var descriptors = new List<int>();
        var waiting = new List<(ulong, ulong)>();
        int launcherPid = 0, statusSocket = -1, step = 0;
        int? error = null;
        bool launching = false, processGone = false;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case Field.Record: process = process with { Record = ProcessRecord.Read(reader.Bytes) }; break;
                case Field.Phase: process = process with { Phase = (Phase)reader.Number }; break;
                case Field.Owner: process = process with { Owner = (ulong)reader.Number }; break;
                case Field.Adopted: process = process with { Adopted = reader.Flag }; break;
                case Field.Bare: process = process with { Bare = reader.Flag }; break;
                case Field.Descriptor: descriptors.Add((int)reader.Number); break;
                case Field.Position: process = process with { LogPosition = reader.Number }; break;
                case Field.LauncherPid: (launching, launcherPid) = (true, (int)reader.Number); break;
                case Field.StatusSocket: statusSocket = (int)reader.Number; break;
                case Field.ProcessGone: processGone = reader.Flag; break;
                case Field.Step: step = (int)reader.Number; break;
                case Field.Error: error = (int)reader.Number; break;
                case Field.Waiting: waiting.Add(ReadWaiting(reader.Bytes)); break;
            }
        }
        if (launching) process = process with { Launch = new HandedLaunch(launcherPid, statusSocket, error is { } number ? (step, number) : null, processGone, waiting) };
        return process with { Descriptors = descriptors };
    }

    private static (ulong Session, ulong Request) ReadWaiting(ReadOnlySpan<byte> data)
    {
        var reader = new FieldReader(data);
        (ulong Session, ulong Request) waiting = default;
        while (reader.Next())
        {
            if (reader.Field == Field.SessionId) waiting.Session = (ulong)reader.Number;
            else if (reader.Field == Field.Request) waiting.Request = (ulong)reader.Number;
        }
        return waiting;
    }
}

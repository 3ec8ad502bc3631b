using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>Asks a keeper something and gives each of its answers to a reader; false: it has closed the connection.</summary>
internal delegate bool Conversation(PacketType type, PacketWriter write, AnswerReader read);

/// <summary>
/// What the client holds of every process, and who watches their logs: all that another keeper needs to go on where one that died
/// has stopped.
/// </summary>
/// <param name="gate">The client's lock: a request that refers to what is held is written under it.</param>
/// <param name="notice">Is told what nobody asks for.</param>
internal sealed class Holdings(Lock gate, Action<string>? notice) : IDisposable
{
    private readonly Dictionary<ProcessKey, HeldProcess> held = [];
    private readonly Dictionary<ulong, ClientWatch> watches = [];

    /// <summary>Everything that is held, with descriptors of the caller's own.</summary>
    public IReadOnlyList<KeptProcess> List()
    {
        lock (gate) return [.. held.Values.Select(Describe)];
    }

    /// <summary>Takes the answer to a launch, and keeps what it brings.</summary>
    public LaunchedProcess TakeLaunched(ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        var process = new HeldProcess(ProcessRecord.Read(fields), descriptors);
        lock (gate)
        {
            if (held.Remove(process.Record.Key, out var before)) before.Dispose(); // a launch that was repeated
            held.Add(process.Record.Key, process);
            var toCaller = process.Record.Output == OutputTarget.Caller;
            return new LaunchedProcess
            {
                Key = process.Record.Key,
                Pid = process.Record.Pid,
                StartedAt = process.Record.StartedAt,
                PidFd = process.Copy(Slots.PidFd) ?? throw TareException.Internal($"process {process.Record.Key} has ended, and no keeper can open it any more"),
                Stdin = process.Copy(Slots.Stdin),
                Stdout = toCaller ? process.Copy(Slots.Stdout) : null,
                Stderr = toCaller ? process.Copy(Slots.Stderr) : null,
                Terminal = process.Copy(Slots.Master),
            };
        }
    }

    public void CloseStdin(ProcessKey key)
    {
        lock (gate)
        {
            if (held.TryGetValue(key, out var process)) process.CloseStdin();
        }
    }

    /// <summary>A process is acknowledged: nothing of it is needed any more.</summary>
    public void Forget(ProcessKey key)
    {
        lock (gate)
        {
            if (held.Remove(key, out var process)) process.Dispose();
        }
    }

    public void Add(ClientWatch watch)
    {
        lock (gate) watches.Add(watch.Id, watch);
    }

    /// <summary>False when it was removed before.</summary>
    public bool Remove(ClientWatch watch)
    {
        lock (gate) return watches.Remove(watch.Id);
    }

    /// <summary>Notes an end and wakes who watches; false when it is known already.</summary>
    public bool TakeExit(ProcessExit exit)
    {
        List<ClientWatch> woken;
        lock (gate)
        {
            if (held.TryGetValue(exit.Key, out var process))
            {
                if (process.Record.Exit is not null) return false; // another keeper tells it again
                process.Record = process.Record with { Exit = exit };
            }
            woken = [.. watches.Values.Where(watch => watch.Key == exit.Key)];
        }
        foreach (var watch in woken) watch.Finish(exit.LogEnd);
        return true;
    }

    /// <summary>
    /// Makes a keeper and the client know the same: here is what I hold; who watches; what else do you keep; tell me what has ended.
    /// False: it has closed the connection.
    /// </summary>
    public bool Reconcile(Conversation talk)
    {
        List<HeldProcess> living;
        List<ClientWatch> watching;
        lock (gate)
        {
            living = [.. held.Values.Where(process => process.Record.Exit is null)];
            watching = [.. watches.Values.Where(watch => watch.End is null)];
        }
        foreach (var process in living)
        {
            if (!talk(PacketType.Adopt, (ref FieldWriter writer, List<Fd> descriptors) => WriteAdoption(process, ref writer, descriptors), ReadAdopted)) return false;
        }
        foreach (var watch in watching)
        {
            if (!talk(PacketType.Watch, watch.Write, IgnoreAnswer)) return false;
        }
        if (living.Count > 0) notice?.Invoke($"the keeper adopted {living.Count} processes");
        // The list before the exits: an exit is then never of a process that is not held.
        return talk(PacketType.List, WriteNothing, ReadKept) && talk(PacketType.Subscribe, WriteNothing, IgnoreAnswer);
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (var process in held.Values) process.Dispose();
            held.Clear();
        }
    }

    private static bool WriteNothing(ref FieldWriter writer, List<Fd> descriptors) => true;

    private bool WriteAdoption(HeldProcess process, ref FieldWriter writer, List<Fd> descriptors)
    {
        lock (gate)
        {
            (process.Record with { Slots = process.Collect(descriptors) }).Write(ref writer);
            return true;
        }
    }

    private void ReadAdopted(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        try
        {
            Answers.Expect(type, PacketType.Done, fields);
        }
        catch (TareException error)
        {
            notice?.Invoke($"the keeper did not adopt a process: {error.Message}");
        }
    }

    private static void IgnoreAnswer(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
    }

    private void ReadKept(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
    {
        if (type != PacketType.Kept) return;
        var record = ProcessRecord.Read(fields);
        lock (gate)
        {
            if (held.ContainsKey(record.Key)) return;
            // An end that the list already has comes again as an exit: that one is for the engine.
            held.Add(record.Key, new HeldProcess(record with { Exit = null }, descriptors));
        }
    }

    private static KeptProcess Describe(HeldProcess process) => new()
    {
        Key = process.Record.Key,
        Container = process.Record.Container,
        Pid = process.Record.Pid,
        StartedAt = process.Record.StartedAt,
        HasTerminal = process.Record.Terminal,
        Output = process.Record.Output,
        Log = process.Record.Log,
        Exit = process.Record.Exit,
        PidFd = process.Copy(Slots.PidFd),
        Stdin = process.Copy(Slots.Stdin),
        Terminal = process.Copy(Slots.Master),
    };
}

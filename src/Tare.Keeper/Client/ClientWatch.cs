using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>A watch that the client holds, so that it can be registered with another keeper.</summary>
internal sealed class ClientWatch(KeeperClient client, ulong id, ProcessKey key, Fd eventFd, LogHold hold) : ILogWatch
{
    // The descriptor is the watcher's, who may close it as soon as the watch is disposed.
    private readonly Lock gate = new();
    private bool released;
    private long end = -1;
    private long position;

    public ulong Id { get; } = id;

    public ProcessKey Key { get; } = key;

    public Fd EventFd { get; } = eventFd;

    public LogHold Hold { get; } = hold;

    public long Start { get; private set; }

    public long Committed { get; private set; }

    public long? End => Volatile.Read(ref end) is var value and >= 0 ? value : null;

    public void Advance(long position)
    {
        Volatile.Write(ref this.position, position);
        client.Advance(this, position);
    }

    public ValueTask DisposeAsync()
    {
        lock (gate) Volatile.Write(ref released, true);
        client.Unwatch(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes the request that registers it.</summary>
    public bool Write(ref FieldWriter writer, List<Fd> descriptors)
    {
        // Written under the client's lock, which whoever releases it passes before the descriptor is closed.
        if (Volatile.Read(ref released)) return false;
        ProcessRecord.WriteKey(ref writer, Key);
        writer.Number(Field.Watch, (long)Id);
        writer.Number(Field.Hold, (long)Hold);
        writer.Number(Field.Position, Volatile.Read(ref position));
        descriptors.Add(EventFd);
        return true;
    }

    /// <summary>Takes the answer to it.</summary>
    public void Begin(ReadOnlySpan<byte> fields)
    {
        var reader = new FieldReader(fields);
        while (reader.Next())
        {
            if (reader.Field == Field.LogStart) Start = reader.Number;
            else if (reader.Field == Field.Committed) Committed = reader.Number;
        }
        if (ProcessRecord.ReadExit(fields) is { } exit) Volatile.Write(ref end, exit.LogEnd);
    }

    /// <summary>The process has ended: wakes the reader for the last time.</summary>
    public void Finish(long logEnd)
    {
        Volatile.Write(ref end, logEnd);
        lock (gate)
        {
            if (!released) EventFds.Signal(EventFd);
        }
    }
}

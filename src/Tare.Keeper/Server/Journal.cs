using System.Buffers.Binary;
using System.Numerics;
using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// What must outlive the keeper's own death, until the daemon has acknowledged it: <c>EXEC-ROOT/keeper.journal</c>, on tmpfs, so
/// that a write is a copy in memory and nothing needs to be synced.
/// </summary>
/// <remarks>
/// <code>
///   entry     u32 length | u32 CRC-32C of the fields | u8 kind | fields
///   Intent    {key, record}      written before the launcher is spawned
///   Started   {record with pid}  the program runs
///   Opened    {key, log start}   where its output begins in the log
///   Exited    {key, exit}        it has ended, and its output is in the log
///   Forgotten {key}              acknowledged, or its launch has failed
/// </code>
/// A torn last entry, which a kill leaves, is cut off. When more is dead than alive, the living is written to a new file that
/// replaces the old.
/// </remarks>
internal sealed class Journal : IDisposable
{
    private const int EntryHeader = 9;
    private const int CompactFrom = 64 * 1024;

    private readonly string path;
    private readonly Dictionary<ProcessKey, JournalEntry> living = [];
    private readonly byte[] buffer = new byte[EntryHeader + Packet.MaxSize];
    private Fd file;
    private long size;
    private long compactAt = CompactFrom;

    /// <summary>Opens the journal and reads what it has.</summary>
    public Journal(string path)
    {
        this.path = path;
        file = RegularFiles.OpenOrCreate(path);
        Replay();
    }

    private enum Kind : byte
    {
        Intent = 1,
        Started = 2,
        Opened = 3,
        Exited = 4,
        Forgotten = 5,
    }

    /// <summary>What is known of each process that nobody has acknowledged.</summary>
    public IEnumerable<JournalEntry> Living => living.Values;

    public void Intent(ProcessRecord record) => Write(Kind.Intent, new JournalEntry(record, Started: false));

    public void Started(ProcessRecord record) => Write(Kind.Started, new JournalEntry(record, Started: true));

    public void Opened(ProcessRecord record) => Write(Kind.Opened, new JournalEntry(record, Started: true));

    public void Exited(ProcessRecord record) => Write(Kind.Exited, new JournalEntry(record, Started: true));

    public void Forget(ProcessKey key)
    {
        if (living.ContainsKey(key)) Write(Kind.Forgotten, new JournalEntry(new ProcessRecord { Key = key }, Started: false));
    }

    public void Dispose() => file.Dispose();

    private void Write(Kind kind, JournalEntry entry)
    {
        Apply(kind, entry);
        Append(kind, entry.Record);
        if (size > compactAt) Compact();
    }

    private void Apply(Kind kind, JournalEntry entry)
    {
        if (kind == Kind.Forgotten) living.Remove(entry.Record.Key);
        else living[entry.Record.Key] = entry;
    }

    private void Append(Kind kind, ProcessRecord record)
    {
        var writer = new FieldWriter(buffer.AsSpan(EntryHeader));
        record.Write(ref writer);
        var length = writer.Length;
        buffer[8] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(buffer, length);
        BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(4), Checksum(buffer.AsSpan(8, length + 1)));
        var rest = buffer.AsSpan(0, EntryHeader + length);
        while (!rest.IsEmpty)
        {
            var count = RegularFiles.TryWriteAt(file, rest, size, out var error);
            if (count < 0) throw new LinuxException($"write \"{path}\"", error);
            rest = rest[count..];
            size += count;
        }
    }

    private void Compact()
    {
        var replacement = path + ".new";
        File.Delete(replacement);
        file.Dispose();
        file = RegularFiles.OpenOrCreate(replacement);
        size = 0;
        foreach (var entry in living.Values) Append(entry.Record.Exit is not null ? Kind.Exited : entry.Started ? Kind.Started : Kind.Intent, entry.Record);
        File.Move(replacement, path, overwrite: true);
        compactAt = Math.Max(CompactFrom, 2 * size);
    }

    private void Replay()
    {
        var length = FileStatuses.Of(file)?.Size ?? 0;
        var data = new byte[length];
        var filled = 0;
        int count;
        while (filled < data.Length && (count = RegularFiles.ReadAt(file, data.AsSpan(filled), filled)) > 0) filled += count;
        var rest = data.AsSpan(0, filled);
        while (rest.Length >= EntryHeader)
        {
            var fields = BinaryPrimitives.ReadInt32LittleEndian(rest);
            if (fields < 0 || fields > rest.Length - EntryHeader) break;
            if (BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]) != Checksum(rest.Slice(8, fields + 1))) break;
            var kind = (Kind)rest[8];
            Apply(kind, new JournalEntry(ProcessRecord.Read(rest.Slice(EntryHeader, fields)), kind != Kind.Intent));
            rest = rest[(EntryHeader + fields)..];
            size += EntryHeader + fields;
        }
        if (size != length) RegularFiles.Truncate(file, size);
    }

    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        var crc = ~0u;
        foreach (var value in data) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}

/// <summary>A process that the journal knows.</summary>
/// <param name="Record">What is known.</param>
/// <param name="Started">Whether its launch had succeeded; else it was under way.</param>
internal sealed record JournalEntry(ProcessRecord Record, bool Started);

using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Keeper.Server;
using Tare.Linux;

namespace Tare.Keeper.Client;

/// <summary>
/// Duplicates of the descriptors that the keeper holds, by name: another keeper gets them when it dies. They change on the reading
/// thread alone, which is also the one that speaks with a new keeper.
/// </summary>
/// <param name="gate">The client's lock.</param>
/// <param name="notice">Is told what nobody asks for.</param>
internal sealed class HeldDescriptors(Lock gate, Action<string>? notice) : IDisposable
{
    private readonly Dictionary<string, IReadOnlyList<Fd>> held = new(StringComparer.Ordinal);
    private bool listed;
    private bool disposed;

    /// <summary>Everything that is held, with descriptors of the caller's own.</summary>
    public IReadOnlyList<Holding> List()
    {
        var list = new List<Holding>();
        try
        {
            lock (gate)
            {
                foreach (var (name, descriptors) in held) list.Add(new Holding { Name = name, Descriptors = Duplicate(descriptors) });
            }
            return list;
        }
        catch
        {
            foreach (var holding in list) holding.Dispose();
            throw;
        }
    }

    /// <summary>Duplicates of all, or of none.</summary>
    public static IReadOnlyList<Fd> Duplicate(IReadOnlyList<Fd> descriptors)
    {
        var copies = new List<Fd>(descriptors.Count);
        try
        {
            foreach (var fd in descriptors) copies.Add(fd.Duplicate());
            return copies;
        }
        catch
        {
            Close(copies);
            throw;
        }
    }

    public static void Close(IReadOnlyList<Fd> descriptors)
    {
        foreach (var fd in descriptors) fd.Dispose();
    }

    /// <summary>The keeper holds this under the name now, in place of what it held; null: nothing.</summary>
    public void Set(string name, IReadOnlyList<Fd>? descriptors)
    {
        lock (gate)
        {
            if (held.Remove(name, out var before)) Close(before);
            if (descriptors is null) return;
            if (disposed) Close(descriptors);
            else held.Add(name, descriptors);
        }
    }

    /// <summary>Gives a keeper what the last one held, or learns what the first one holds already. False: it has closed the connection.</summary>
    public bool Reconcile(Conversation talk)
    {
        var count = 0;
        foreach (var (name, descriptors) in held)
        {
            TareException? refused = null;
            for (var first = 0; first < descriptors.Count && refused is null; first += FdPart.CountFrom(first, descriptors.Count))
            {
                if (!talk(PacketType.Hold, Part(name, descriptors, first), (type, fields, _) => refused = Refusal(type, fields))) return false;
            }
            if (refused is null) count += descriptors.Count;
            else notice?.Invoke($"the keeper does not hold the descriptors of \"{name}\": {refused.Message}");
        }
        if (count > 0) notice?.Invoke($"the keeper holds {count} descriptors");
        return listed || ReadList(talk);
    }

    /// <summary>The request that has the part of a list held.</summary>
    public static PacketWriter Part(string name, IReadOnlyList<Fd> descriptors, int first) => (ref FieldWriter writer, List<Fd> sending) =>
    {
        FdPart.Write(ref writer, sending, name, descriptors, first);
        return true;
    };

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            foreach (var descriptors in held.Values) Close(descriptors);
            held.Clear();
        }
    }

    /// <summary>Another daemon may replace a list while it is being told: then it is told anew.</summary>
    private bool ReadList(Conversation talk)
    {
        while (!listed)
        {
            FdAssembly? assembly = null;
            var torn = false;
            try
            {
                if (!talk(PacketType.Holdings, static (ref FieldWriter _, List<Fd> _) => true, Read)) return false;
            }
            finally
            {
                assembly?.Dispose();
            }
            listed = !torn;

            void Read(PacketType type, ReadOnlySpan<byte> fields, List<Fd> descriptors)
            {
                if (type != PacketType.Held)
                {
                    // An older keeper holds nothing.
                    torn = type == PacketType.Done && IsTorn(fields);
                    return;
                }
                var part = FdPart.Read(fields);
                if (part.First == 0)
                {
                    assembly?.Dispose();
                    assembly = new FdAssembly(part);
                }
                if (assembly?.Continues(part) == true && assembly.Add(descriptors) is { } whole) Set(part.Name, whole);
            }
        }
        return true;
    }

    private static bool IsTorn(ReadOnlySpan<byte> fields)
    {
        var reader = new FieldReader(fields);
        var torn = false;
        while (reader.Next())
        {
            if (reader.Field == Field.Torn) torn = reader.Flag;
        }
        return torn;
    }

    private static TareException? Refusal(PacketType type, ReadOnlySpan<byte> fields)
    {
        try
        {
            Answers.Expect(type, PacketType.Done, fields);
            return null;
        }
        catch (TareException error)
        {
            return error;
        }
    }
}

using Tare.Errors;
using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// Descriptors that outlive the daemon, by name. They are only held: nothing reads them, and they keep no keeper alive.
/// </summary>
/// <param name="limit">How many there may be in all; what more the keeper can open is for processes.</param>
internal sealed class FdStore(long limit) : IDisposable
{
    private readonly Dictionary<string, IReadOnlyList<Fd>> held = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, (FdPart Part, FdAssembly Assembly)> arriving = [];
    private long count;

    /// <summary>What is held, under which names.</summary>
    public IEnumerable<KeyValuePair<string, IReadOnlyList<Fd>>> All => held;

    /// <summary>Whether a list is still the one that is held under a name.</summary>
    public bool IsHeld(string name, IReadOnlyList<Fd> list) => held.GetValueOrDefault(name) == list;

    /// <summary>
    /// Takes a part of a list from a connection; the first one begins anew. With the last, the list takes the place of the one before.
    /// When it fails, nothing of the new list remains.
    /// </summary>
    /// <exception cref="TareException">
    /// The part continues nothing that arrives on this connection (conflict): it has to be begun anew. Or there are too many.
    /// </exception>
    public void Add(ulong session, FdPart part, List<Fd> descriptors)
    {
        if (part.First == 0)
        {
            Forget(session);
            if (count + part.Total > limit)
                throw new TareException(ErrorKind.Unavailable, $"the keeper can hold at most {limit} descriptors, has {count}, and \"{part.Name}\" has {part.Total}: raise the hard limit of open files (LimitNOFILE=, ulimit -Hn) and restart keeper and containers");
            arriving.Add(session, (part, new FdAssembly(part)));
            count += part.Total;
        }
        if (!arriving.TryGetValue(session, out var entry) || !entry.Assembly.Continues(part))
            throw TareException.Conflict($"the descriptors of \"{part.Name}\" have to be sent from the first one on");
        try
        {
            if (entry.Assembly.Add(descriptors) is not { } whole) return;
            arriving.Remove(session);
            entry.Assembly.Dispose();
            Release(part.Name);
            held.Add(part.Name, whole);
        }
        catch
        {
            Forget(session);
            throw;
        }
    }

    /// <summary>Holds a list that came from the program before.</summary>
    public void Restore(string name, IReadOnlyList<int> numbers)
    {
        held[name] = [.. numbers.Select(number => new Fd(number))];
        count += numbers.Count;
    }

    /// <summary>Closes what is held under a name, if anything is.</summary>
    public void Release(string name)
    {
        if (!held.Remove(name, out var list)) return;
        count -= list.Count;
        foreach (var fd in list) fd.Dispose();
    }

    /// <summary>Drops what has only partly arrived on a connection.</summary>
    public void Forget(ulong session)
    {
        if (!arriving.Remove(session, out var entry)) return;
        count -= entry.Part.Total;
        entry.Assembly.Dispose();
    }

    public void Dispose()
    {
        foreach (var session in arriving.Keys.ToList()) Forget(session);
        foreach (var name in held.Keys.ToList()) Release(name);
    }
}


namespace Tare.Keeper.Server;

/// <summary>Who watches which log, by session and number.</summary>
internal sealed class Watches(KeeperState state)
{
    private readonly Dictionary<(ulong Session, ulong Id), (LogWatcher Watcher, ProcessLog Log)> all = [];

    public IEnumerable<LogWatcher> All => all.Values.Select(entry => entry.Watcher);

    /// <summary>Registers a watcher; <paramref name="ready"/> is called in the loop, with the end of the whole frames.</summary>
    public void Add(LogWatcher watcher, ProcessLog log, Action<long, long> ready)
    {
        Remove(watcher.Session, watcher.Id);
        all.Add((watcher.Session, watcher.Id), (watcher, log));
        log.Watch(watcher, (start, end) => state.Loop.Post(() => ready(start, end)));
    }

    public void Advance(ulong session, ulong id, long position)
    {
        if (all.TryGetValue((session, id), out var entry)) entry.Log.Advance(entry.Watcher, position);
    }

    public void Remove(ulong session, ulong id)
    {
        if (all.Remove((session, id), out var entry)) entry.Log.Unwatch(entry.Watcher);
    }

    public void RemoveAll(ulong session)
    {
        foreach (var key in all.Keys.Where(key => key.Session == session).ToList()) Remove(key.Session, key.Id);
    }

    /// <summary>A process is forgotten: nothing more happens to its log.</summary>
    public void RemoveAll(ProcessKey process)
    {
        foreach (var (key, _) in all.Where(entry => entry.Value.Watcher.Key == process).ToList()) Remove(key.Session, key.Id);
    }
}

using Tare.Linux;
using Tare.Linux.Netlink.Tables;
using Tare.Networks.Filters;

namespace Tare.Engine.Networks.Kernel;

/// <summary>
/// Looks whether the packet filter of another program drops what containers send. That is said in the log, once for each, and in <c>docker info</c>;
/// where the administrator has allowed it, the engine's bridges are let through there, for as long as there are any.
/// </summary>
/// <param name="own">The name of the engine's own table.</param>
/// <param name="opens">Whether rules may be put into others' chains.</param>
/// <param name="log">Is told.</param>
internal sealed class OtherFirewalls(string own, bool opens, Action<EngineLogLevel, string> log) : IDisposable
{
    private readonly Lock gate = new();
    private readonly SortedSet<string> bridges = new(StringComparer.Ordinal);
    private readonly HashSet<string> told = new(StringComparer.Ordinal);
    private NftNetlink? tables;

    /// <summary>Begins with the bridges that there are: others' chains have rules of these, or of none where they may not have any.</summary>
    public void Begin(IEnumerable<string> devices)
    {
        lock (gate)
        {
            bridges.UnionWith(devices);
            Look(mend: true);
        }
    }

    /// <summary>A bridge that is new.</summary>
    public void Add(string device)
    {
        lock (gate)
        {
            if (bridges.Add(device)) Look(mend: opens);
        }
    }

    /// <summary>A bridge that is gone.</summary>
    public void Remove(string device)
    {
        lock (gate)
        {
            if (bridges.Remove(device) && opens) Look(mend: true);
        }
    }

    /// <summary>What is in the way now: a sentence for each.</summary>
    public IReadOnlyList<string> Obstacles()
    {
        lock (gate) return Look(mend: opens);
    }

    /// <summary>Where others' chains are opened: does it again whenever they were loaded anew.</summary>
    public async Task WatchAsync(Poller poller, CancellationToken cancellationToken)
    {
        if (!opens) return;
        try
        {
            using var monitor = NftMonitor.Open();
            var changes = new List<NftChange>();
            while (true)
            {
                await poller.WaitReadableAsync(monitor.Descriptor, cancellationToken);
                changes.Clear();
                var complete = monitor.Take(changes);
                lock (gate)
                {
                    if (!complete || changes.Any(change => change.Kind != NftChangeKind.Generation && change.Table != own && change.Port != tables?.Port)) Look(mend: true);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The engine ends.
        }
        catch (LinuxException e)
        {
            log(EngineLogLevel.Warning, $"changes of other programs' packet filters are not noticed: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate) tables?.Dispose();
    }

    private List<string> Look(bool mend)
    {
        if (bridges.Count == 0 && !mend) return [];
        try
        {
            tables ??= NftNetlink.Open();
            var foreign = new ForeignForwarding(tables, own);
            var refused = mend ? foreign.MendAll(opens ? bridges : []) : [];
            List<string> sentences =
            [
                .. refused.Select(reason => $"the bridges of containers cannot be let through another program's packet filter: {reason.Message}"),
                .. bridges.Count == 0 ? [] : foreign.Find(bridges).Select(obstacle => obstacle.Sentence),
            ];
            // What is in the way once more is said once more.
            told.IntersectWith(sentences);
            foreach (var sentence in sentences) Tell(sentence);
            return sentences;
        }
        catch (LinuxException e)
        {
            Tell($"whether another program's packet filter drops what containers send cannot be seen: {e.Message}");
            return [];
        }
    }

    private void Tell(string sentence)
    {
        if (told.Add(sentence)) log(EngineLogLevel.Warning, sentence);
    }
}

using System.Collections.Concurrent;
using Tare.Store;

namespace Tare.Registry.Manifests;

/// <summary>When manifests were last pulled. Written down now and then: a pull must not wait for it. Thread-safe.</summary>
internal sealed class PullTimes(Database database)
{
    private readonly ConcurrentDictionary<long, long> noted = new();

    internal void Note(long manifest, long now) => noted[manifest] = now;

    /// <summary>Writes down what was noted.</summary>
    internal void Flush()
    {
        if (noted.IsEmpty) return;
        database.Write(session =>
        {
            foreach (var manifest in noted.Keys)
            {
                if (noted.TryRemove(manifest, out var time)) session.Execute("UPDATE registry_manifest SET pulled = ? WHERE id = ?", time, manifest);
            }
        });
    }
}

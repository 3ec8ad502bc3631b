using Tare.Linux;

namespace Tare.Cli.Roles;

/// <summary>
/// Gives memory back when there is nothing to do. A collector that runs only when something is allocated leaves a burst's garbage in
/// memory for as long as the daemon rests, which is most of its life.
/// </summary>
internal sealed class IdleMemory : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Below this an interval counts as rest: timers and this class itself allocate a little.</summary>
    private const long RestBytes = 32 * 1024;

    /// <summary>Less than this is not worth a collection.</summary>
    private const long WorthBytes = 512 * 1024;

    private readonly Timer timer;
    private long trimmedAt;
    private long seen;

    public IdleMemory() => timer = new Timer(static state => ((IdleMemory)state!).Look(), this, Interval, Interval);

    public void Dispose() => timer.Dispose();

    private void Look()
    {
        var allocated = GC.GetTotalAllocatedBytes();
        var resting = allocated - seen < RestBytes;
        seen = allocated;
        if (!resting || allocated - trimmedAt < WorthBytes) return;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
        seen = trimmedAt = GC.GetTotalAllocatedBytes();
    }
}

using System.Diagnostics.CodeAnalysis;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Pulling;

/// <summary>
/// The layers that are being fetched: so many at once, and each once, however many pulls want it. A layer that comes for several goes on as
/// long as one of them is left. Thread-safe.
/// </summary>
/// <param name="store">Where layers go.</param>
/// <param name="concurrent">How many come at once.</param>
/// <param name="time">The clock.</param>
internal sealed class LayerFetches(LayerStore store, int concurrent, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(object Scope, Digest Blob, Digest DiffId), Fetch> _active = [];
    private readonly SemaphoreSlim _slots = new(concurrent);

    /// <summary>Fetches a layer, or waits for the pull that does.</summary>
    /// <returns>The row that has the layer; it is held once more for the caller.</returns>
    internal async Task<long> RunAsync(IRemoteRepository repository, OciDescriptor blob, Digest diffId, Action<PullLayerEvent> progress, CancellationToken cancellationToken)
    {
        var key = (repository.Scope, Digest.Parse(blob.Digest), diffId);
        var fetch = Join(key, () => new LayerFetch(store, repository, blob, diffId, time), progress);
        try
        {
            await fetch.Result.WaitAsync(cancellationToken).ConfigureAwait(false);
            return store.TryHold(diffId) ?? throw new InvalidOperationException($"the layer {diffId} is gone though it is held");
        }
        finally
        {
            await LeaveAsync(key, fetch, progress).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private Fetch Join((object Scope, Digest Blob, Digest DiffId) key, Func<LayerFetch> make, Action<PullLayerEvent> progress)
    {
        lock (_lock)
        {
            if (!_active.TryGetValue(key, out var fetch))
            {
                _active.Add(key, fetch = new Fetch());
                fetch.Result = RunAsync(fetch, key.Blob, make());
            }

            fetch.Add(progress);
            return fetch;
        }
    }

    /// <summary>Who leaves last ends what is still under way, waits for its end, and gives back what it held.</summary>
    private async Task LeaveAsync((object Scope, Digest Blob, Digest DiffId) key, Fetch fetch, Action<PullLayerEvent> progress)
    {
        lock (_lock)
        {
            if (fetch.Remove(progress) > 0) return;
            _active.Remove(key);
        }

        await fetch.Cancellation.CancelAsync().ConfigureAwait(false);
        await ((Task)fetch.Result).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (fetch.Result.IsCompletedSuccessfully) store.Release([await fetch.Result.ConfigureAwait(false)], unused: true);
        fetch.Dispose();
    }

    private async Task<long> RunAsync(Fetch fetch, Digest blob, LayerFetch layer)
    {
        // Whoever joins is told first that there is something to wait for.
        await Task.Yield();
        if (!_slots.Wait(0))
        {
            fetch.Report(new PullLayerEvent(blob, PullStage.Waiting));
            await _slots.WaitAsync(fetch.Cancellation.Token).ConfigureAwait(false);
        }

        try
        {
            return await layer.RunAsync(fetch.Report, fetch.Cancellation.Token).ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>A layer under way, and those who wait for it.</summary>
    private sealed class Fetch : IDisposable
    {
        private readonly Lock _listening = new();
        private readonly List<Action<PullLayerEvent>> _listeners = [];

        internal CancellationTokenSource Cancellation { get; } = new();

        [AllowNull]
        internal Task<long> Result { get; set; }

        internal void Add(Action<PullLayerEvent> listener)
        {
            lock (_listening) _listeners.Add(listener);
        }

        internal int Remove(Action<PullLayerEvent> listener)
        {
            lock (_listening)
            {
                _listeners.Remove(listener);
                return _listeners.Count;
            }
        }

        internal void Report(PullLayerEvent stage)
        {
            lock (_listening)
            {
                foreach (var listener in _listeners) listener(stage);
            }
        }

        public void Dispose() => Cancellation.Dispose();
    }
}

using Tare.Errors;
using Tare.Registry.Manifests;

namespace Tare.Registry.Collection;

/// <summary>What is done now and then while the server runs: retention, garbage collection, writing down when something was pulled.</summary>
internal sealed class Housekeeping(Collector collector, Retention retention, PullTimes pulls, ServerOptions options)
{
    private static readonly TimeSpan PullInterval = TimeSpan.FromSeconds(30);

    /// <summary>Goes on until it is cancelled.</summary>
    internal Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(
            EveryAsync(PullInterval, () => Task.Run(pulls.Flush, CancellationToken.None), cancellationToken),
            options.CollectionInterval > TimeSpan.Zero ? EveryAsync(options.CollectionInterval, () => CollectAsync(cancellationToken), cancellationToken) : Task.CompletedTask);

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        var tags = await Task.Run(() => retention.Run(dryRun: false), cancellationToken);
        if (tags.Count > 0) options.Log(RegistryLogLevel.Info, $"retention: removed {tags.Count} tags: {string.Join(", ", tags.Take(20))}{(tags.Count > 20 ? ", …" : "")}");
        var result = await Task.Run(() => collector.RunAsync(cancellationToken), cancellationToken);
        if (result is not { Uploads: 0, Manifests: 0, Blobs: 0 }) options.Log(RegistryLogLevel.Info, $"garbage collection: {result}");
    }

    private async Task EveryAsync(TimeSpan interval, Func<Task> work, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                try
                {
                    await work();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    options.Log(RegistryLogLevel.Error, $"housekeeping failed: {(e is TareException or IOException ? e.Message : e)}");
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }
}

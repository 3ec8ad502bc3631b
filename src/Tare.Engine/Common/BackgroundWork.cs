using System.Collections.Concurrent;

namespace Tare.Engine.Common;

/// <summary>
/// Work that no caller waits for: clean-ups, acknowledgements, restarts by policy. A failure is said in the engine's log. Disposing waits
/// for what is under way.
/// </summary>
internal sealed class BackgroundWork(Action<EngineLogLevel, string> log) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Task, byte> running = new();
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Cancelled when the engine goes.</summary>
    public CancellationToken Stopping => stopping.Token;

    /// <summary>Starts some work; <paramref name="what"/> names it in the log when it fails.</summary>
    public Task Run(string what, Func<CancellationToken, Task> work)
    {
        var task = Task.Run(() => GuardAsync(what, work));
        running[task] = 0;
        // A task that was done before it was noted is taken out here all the same: the continuation runs at once.
        _ = task.ContinueWith(done => running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return task;
    }

    /// <summary>For what may wait long in the kernel: it takes no worker from those who serve.</summary>
    public static Task<T> OnOwnThread<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>The same for work without a result.</summary>
    public static Task OnOwnThread(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Waits until nothing is under way.</summary>
    public async Task IdleAsync()
    {
        while (!running.IsEmpty) await Task.WhenAll(running.Keys);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await IdleAsync();
        stopping.Dispose();
    }

    private async Task GuardAsync(string what, Func<CancellationToken, Task> work)
    {
        try
        {
            await work(stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            log(EngineLogLevel.Debug, $"{what}: left for the next start");
        }
        catch (Exception e)
        {
            log(EngineLogLevel.Error, $"{what}: {e.Message}");
        }
    }
}

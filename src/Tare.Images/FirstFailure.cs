using System.Runtime.ExceptionServices;

namespace Tare.Images;

/// <summary>Waiting for several tasks of which the first that fails ends the others.</summary>
internal static class FirstFailure
{
    /// <summary>Waits for all, and throws what was the cause: the others have only been ended by it.</summary>
    internal static async Task WhenAllAsync(IReadOnlyCollection<Task> tasks, CancellationToken cancellationToken)
    {
        var all = Task.WhenAll(tasks);
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (all.IsCompletedSuccessfully) return;
        cancellationToken.ThrowIfCancellationRequested();
        var cause = tasks.SelectMany(task => task.Exception?.InnerExceptions ?? []).FirstOrDefault(e => e is not OperationCanceledException);
        if (cause is not null) ExceptionDispatchInfo.Throw(cause);
        await all.ConfigureAwait(false);
    }
}

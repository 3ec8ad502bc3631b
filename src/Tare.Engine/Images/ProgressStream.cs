using System.Threading.Channels;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Work that tells of itself from several threads, and whose messages are given out one after the other.</summary>
internal static class ProgressStream
{
    /// <summary>Runs the work on threads of the pool. It has ended when this returns, whatever happens: when a message cannot be given out, it is ended.</summary>
    /// <param name="work">Writes its messages.</param>
    /// <param name="progress">Receives each message.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public static async Task<T> RunAsync<T>(
        Func<ChannelWriter<ProgressMessage>, CancellationToken, Task<T>> work, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<ProgressMessage>(new UnboundedChannelOptions { SingleReader = true });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Task.Run(
            async () =>
            {
                try
                {
                    return await work(channel.Writer, ending.Token);
                }
                finally
                {
                    channel.Writer.TryComplete();
                }
            },
            CancellationToken.None);
        try
        {
            await foreach (var message in channel.Reader.ReadAllAsync(cancellationToken)) await progress(message);
        }
        catch
        {
            await ending.CancelAsync();
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            throw;
        }

        return await running;
    }

    /// <summary>As the other, for work without a result.</summary>
    public static Task RunAsync(
        Func<ChannelWriter<ProgressMessage>, CancellationToken, Task> work, Func<ProgressMessage, ValueTask> progress, CancellationToken cancellationToken) =>
        RunAsync<object?>(
            async (messages, ending) =>
            {
                await work(messages, ending);
                return null;
            },
            progress,
            cancellationToken);
}

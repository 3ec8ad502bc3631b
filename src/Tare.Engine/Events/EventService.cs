using System.Runtime.CompilerServices;
using Tare.Engine.Common;
using Tare.Wire;

namespace Tare.Engine.Events;

/// <summary>What has happened and what happens, for the API.</summary>
public sealed class EventService
{
    private readonly EventLog log;
    private readonly TimeProvider time;

    internal EventService(EventLog log, TimeProvider time)
    {
        this.log = log;
        this.time = time;
    }

    /// <summary>
    /// Past events from <paramref name="since"/> on, then new ones until <paramref name="until"/> has passed (null: for ever).
    /// The subscription begins before this method returns. Times are as the API has them: Unix seconds with a fraction, or RFC 3339.
    /// A reader that falls far behind is cut off: it gets an <see cref="InvalidOperationException"/> rather than a stream with a hole.
    /// </summary>
    public IAsyncEnumerable<EventMessage> Subscribe(string? since, string? until, Filters filters, CancellationToken cancellationToken)
    {
        var (from, to) = (Timestamps.Parse(since, time), Timestamps.Parse(until, time));
        return ReadAsync(log.Subscribe(from, to, new EventFilter(filters)), to, cancellationToken);
    }

    private async IAsyncEnumerable<EventMessage> ReadAsync(EventLog.Subscription subscription, DateTimeOffset? until, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using (subscription)
        {
            foreach (var message in subscription.Past) yield return message;
            var left = until is { } end ? end - time.GetUtcNow() : Timeout.InfiniteTimeSpan;
            if (until is not null && left <= TimeSpan.Zero) yield break;
            using var over = new CancellationTokenSource(left, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
            while (await MoreAsync(subscription, either.Token, over.Token))
            {
                while (subscription.Channel.Reader.TryRead(out var message)) yield return message;
            }
        }
    }

    private static async Task<bool> MoreAsync(EventLog.Subscription subscription, CancellationToken either, CancellationToken over)
    {
        try
        {
            return await subscription.Channel.Reader.WaitToReadAsync(either);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return false;
        }
    }
}

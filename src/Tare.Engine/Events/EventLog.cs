using System.Threading.Channels;
using Tare.Engine.Common;
using Tare.Wire;

namespace Tare.Engine.Events;

/// <summary>
/// Publishes events to subscribers and remembers the latest. A subscriber that does not read has its events kept up to a bound;
/// one that is further behind is cut off, so that it never sees a stream with a hole in it.
/// </summary>
internal sealed class EventLog(TimeProvider time)
{
    /// <summary>How many past events can be asked for.</summary>
    public const int Remembered = 1024;

    private const int SubscriberBound = 16 * 1024;

    private readonly Lock gate = new();
    private readonly Queue<EventMessage> ring = new(Remembered);
    private readonly List<Subscription> subscriptions = [];
    private long lastNano;

    /// <summary>How many read along.</summary>
    public int Subscribers
    {
        get
        {
            lock (gate) return subscriptions.Count;
        }
    }

    /// <summary>Publishes one event of this engine.</summary>
    public void Publish(string type, string action, string id, Dictionary<string, string> attributes)
    {
        lock (gate)
        {
            // Two events never carry the same time: a client that resumes with "since" relies on the order.
            lastNano = Math.Max(lastNano + 1, Timestamps.Nanoseconds(time.GetUtcNow()));
            var named = type is "container" or "image";
            var message = new EventMessage
            {
                Type = type,
                Action = action,
                Actor = new EventActor { ID = id, Attributes = attributes },
                Scope = "local",
                Time = lastNano / 1_000_000_000,
                TimeNano = lastNano,
                Id = named ? id : null,
                Status = named ? action : null,
                From = type == "container" && attributes.TryGetValue("image", out var image) ? image : null,
            };
            if (ring.Count == Remembered) ring.Dequeue();
            ring.Enqueue(message);
            for (var i = subscriptions.Count - 1; i >= 0; i--)
            {
                var subscription = subscriptions[i];
                if (subscription.Filter.Includes(message) && !subscription.Channel.Writer.TryWrite(message))
                {
                    subscription.Channel.Writer.TryComplete(new InvalidOperationException("the reader of the events is too far behind"));
                    subscriptions.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>Begins to listen. Past events are those between the two times; with neither there are none.</summary>
    public Subscription Subscribe(DateTimeOffset? since, DateTimeOffset? until, EventFilter filter)
    {
        var subscription = new Subscription(this, filter);
        lock (gate)
        {
            if (since is not null || until is not null)
            {
                var from = since is { } s ? Timestamps.Nanoseconds(s) : long.MinValue;
                var to = until is { } u ? Timestamps.Nanoseconds(u) : long.MaxValue;
                foreach (var message in ring)
                {
                    if (message.TimeNano >= from && message.TimeNano <= to && filter.Includes(message)) subscription.Past.Add(message);
                }
            }
            subscriptions.Add(subscription);
        }
        return subscription;
    }

    /// <summary>Ends every subscription: the engine goes.</summary>
    public void Close()
    {
        lock (gate)
        {
            foreach (var subscription in subscriptions) subscription.Channel.Writer.TryComplete();
            subscriptions.Clear();
        }
    }

    /// <summary>One reader's place.</summary>
    internal sealed class Subscription(EventLog log, EventFilter filter) : IDisposable
    {
        public EventFilter Filter { get; } = filter;

        public List<EventMessage> Past { get; } = [];

        public Channel<EventMessage> Channel { get; } =
            System.Threading.Channels.Channel.CreateBounded<EventMessage>(new BoundedChannelOptions(SubscriberBound) { SingleReader = true });

        public void Dispose()
        {
            lock (log.gate) log.subscriptions.Remove(this);
            Channel.Writer.TryComplete();
        }
    }
}

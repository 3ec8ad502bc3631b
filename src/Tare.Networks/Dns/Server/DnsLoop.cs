using Tare.Networks.Loops;

namespace Tare.Networks.Dns.Server;

/// <summary>The loop of all sandboxes: one set of buffers, however many there are, and the deadlines of what they wait for.</summary>
internal sealed class DnsLoop : SocketLoop
{
    public DnsLoop(DnsServerOptions options)
        : base("dns", nameof(DnsServer))
    {
        UpstreamDeadlines = new DeadlineQueue(options.UpstreamTimeout);
        ConnectionDeadlines = new DeadlineQueue(options.ConnectionTimeout);
    }

    /// <summary>What a socket has given: the largest datagram there is.</summary>
    public byte[] Incoming { get; } = new byte[ushort.MaxValue];

    /// <summary>An answer that is being made.</summary>
    public byte[] Outgoing { get; } = new byte[ushort.MaxValue];

    public DnsResponder Responder { get; } = new();

    public DeadlineQueue UpstreamDeadlines { get; }

    public DeadlineQueue ConnectionDeadlines { get; }

    /// <summary>Questions of all sandboxes that wait for other servers.</summary>
    public int Forwarded { get; set; }

    /// <inheritdoc/>
    protected override int Patience => Sooner(UpstreamDeadlines.Next, ConnectionDeadlines.Next);

    /// <inheritdoc/>
    protected override void OnWaited(int count)
    {
        UpstreamDeadlines.Expire();
        ConnectionDeadlines.Expire();
    }

    private static int Sooner(int one, int other) => one < 0 ? other : other < 0 ? one : Math.Min(one, other);
}

using Tare.Linux;
using Tare.Networks.Dns.Messages;
using Tare.Networks.Dns.Names;
using Tare.Networks.Loops;

namespace Tare.Networks.Dns.Server;

/// <summary>The two sockets of one sandbox, and what its container has under way.</summary>
internal sealed class SandboxPort : ISocketSource
{
    /// <summary>Datagrams of one sandbox that are read before the others have their turn.</summary>
    private const int Burst = 32;

    private readonly DnsLoop loop;
    private readonly DnsServerOptions options;
    private readonly DnsSandbox sandbox;
    private readonly DnsSockets sockets;
    private readonly Action<Exception> onFault;
    private readonly ulong token;
    private readonly ConnectionListener listener;
    private HashSet<Exchange>? exchanges;

    /// <summary>Begins to serve; questions that wait in the sockets are answered at once.</summary>
    public SandboxPort(DnsLoop loop, DnsServerOptions options, DnsSandbox sandbox, DnsSockets sockets, Action<Exception> onFault)
    {
        this.loop = loop;
        this.options = options;
        this.sandbox = sandbox;
        this.sockets = sockets;
        this.onFault = onFault;
        token = loop.Add(sockets.Datagrams, EpollEvents.In, this);
        try
        {
            listener = new ConnectionListener(loop, this, sockets.Connections, options.MaxConnectionsPerSandbox);
        }
        catch
        {
            loop.Remove(sockets.Datagrams, token);
            throw;
        }
    }

    /// <summary>Stops serving: what is under way is forgotten, what comes from now on waits in the sockets.</summary>
    public void Close()
    {
        loop.Remove(sockets.Datagrams, token);
        listener.Close();
        foreach (var exchange in exchanges?.ToArray() ?? []) exchange.Abandon();
    }

    /// <inheritdoc/>
    public void OnReady(ulong token, EpollEvents events)
    {
        for (var i = 0; i < Burst; i++)
        {
            var size = IpSocket.TryReceiveFrom(sockets.Datagrams, loop.Incoming.AsSpan(0, DnsQuery.MaxSize), out var sender, out var error);
            if (size < 0)
            {
                if (error == Errno.EAGAIN) return;
                throw new LinuxException($"receive the questions of container {sandbox.Id}", error);
            }
            if (size > DnsQuery.MaxSize) continue;
            var message = loop.Incoming.AsSpan(0, size);
            var outcome = loop.Responder.Respond(message, sandbox.View, stream: false, loop.Outgoing, out var query, out var answer);
            if (outcome == DnsOutcome.Answered) IpSocket.TrySendTo(sockets.Datagrams, loop.Outgoing.AsSpan(0, answer), sender, out _);
            if (outcome == DnsOutcome.Forward) Forward(message, query, new DatagramClient(sockets.Datagrams, sender));
        }
    }

    /// <inheritdoc/>
    public void OnFault(Exception fault) => onFault(fault);

    /// <summary>Answers a question that came by a connection, now or later; null when it is none.</summary>
    public Exchange? Answer(ReadOnlySpan<byte> message, IDnsClient client, out bool ignored)
    {
        var outcome = loop.Responder.Respond(message, sandbox.View, stream: true, loop.Outgoing, out var query, out var answer);
        ignored = outcome == DnsOutcome.Ignored;
        if (outcome == DnsOutcome.Answered) client.Reply(loop.Outgoing.AsSpan(0, answer));
        return outcome == DnsOutcome.Forward ? Forward(message, query, client) : null;
    }

    /// <summary>A socket from which a server can be asked.</summary>
    /// <exception cref="LinuxException">There are no descriptors left, or the namespace cannot be entered.</exception>
    public Fd Open(DnsUpstream upstream, bool stream)
    {
        var six = upstream.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        if (upstream.FromHost) return IpSocket.New(six, stream);
        return sockets.Network is { } network ? loop.OpenIn(network, six, stream) : throw new LinuxException("enter the network of the container", Errno.ENOENT);
    }

    /// <summary>A question has been answered or given up.</summary>
    public void Finished(Exchange exchange)
    {
        if (exchanges is null || !exchanges.Remove(exchange)) return;
        loop.Forwarded--;
        // Its room is for as many as there ever were at once.
        if (exchanges.Count == 0) exchanges = null;
    }

    private Exchange? Forward(ReadOnlySpan<byte> message, in DnsQuery query, IDnsClient client)
    {
        var count = exchanges?.Count ?? 0;
        if (count >= options.MaxForwardedPerSandbox || (loop.Forwarded >= options.MaxForwarded && count >= options.ForwardedShare))
        {
            client.Reply(loop.Outgoing.AsSpan(0, DnsResponder.Fail(message, query, DnsResponseCode.Refused, loop.Outgoing)));
            return null;
        }
        var exchange = new Exchange(loop, this, client, message, query.QuestionEnd, [.. sandbox.View.AllowedUpstreams]);
        (exchanges ??= []).Add(exchange);
        loop.Forwarded++;
        exchange.Next();
        return exchange;
    }
}

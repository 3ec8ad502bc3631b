using System.Buffers.Binary;
using System.Security.Cryptography;
using Tare.Linux;
using Tare.Networks.Dns.Messages;
using Tare.Networks.Dns.Names;

namespace Tare.Networks.Dns.Server;

/// <summary>
/// A question on its way through the upstream servers: one after the other, until one answers. The answer is passed on as it came, but for
/// the id; a truncated one too, since it is truncated to what the client takes, and the client asks again by TCP.
/// </summary>
internal sealed class Exchange
{
    private readonly DnsLoop loop;
    private readonly SandboxPort port;
    private readonly IDnsClient client;
    private readonly byte[] question;
    private readonly int questionEnd;
    private readonly ushort clientId;
    private readonly DnsUpstream[] upstreams;
    private int next;
    private ushort id;
    private UpstreamAttempt? attempt;

    public Exchange(DnsLoop loop, SandboxPort port, IDnsClient client, ReadOnlySpan<byte> message, int questionEnd, DnsUpstream[] upstreams)
    {
        this.loop = loop;
        this.port = port;
        this.client = client;
        this.questionEnd = questionEnd;
        this.upstreams = upstreams;
        question = message.ToArray();
        clientId = BinaryPrimitives.ReadUInt16BigEndian(message);
    }

    /// <summary>The message for the server that is being asked, with an id of its own.</summary>
    public ReadOnlySpan<byte> Question => question;

    /// <summary>Asks the next server; the client hears of a failure when there is none left.</summary>
    public void Next()
    {
        attempt?.Close();
        attempt = null;
        while (next < upstreams.Length)
        {
            var upstream = upstreams[next++];
            id = NewId();
            DnsHeader.SetId(question, id);
            attempt = TryAsk(upstream);
            if (attempt is not null) return;
        }
        port.Finished(this);
        DnsHeader.SetId(question, clientId);
        DnsQuery.Read(question, out var query);
        client.Reply(loop.Outgoing.AsSpan(0, DnsResponder.Fail(question, query, DnsResponseCode.ServerFailure, loop.Outgoing)));
    }

    /// <summary>Whether a message is the answer that is waited for.</summary>
    public bool IsAnswer(ReadOnlySpan<byte> message) => DnsAnswer.Matches(question, questionEnd, id, message);

    /// <summary>Passes an answer on; one that says that the server cannot help leads to the next server.</summary>
    public void Answered(Span<byte> answer)
    {
        DnsHeader.TryRead(answer, out var header);
        if (header.ResponseCode is DnsResponseCode.ServerFailure or DnsResponseCode.Refused)
        {
            Next();
            return;
        }
        DnsHeader.SetId(answer, clientId);
        Abandon();
        client.Reply(answer);
    }

    /// <summary>Nobody waits any longer.</summary>
    public void Abandon()
    {
        attempt?.Close();
        attempt = null;
        port.Finished(this);
    }

    private UpstreamAttempt? TryAsk(DnsUpstream upstream)
    {
        Fd socket;
        try
        {
            socket = port.Open(upstream, client.IsStream);
        }
        catch (LinuxException)
        {
            // No descriptors are left, or the network is gone: as good as no answer.
            return null;
        }
        UpstreamAttempt begun = client.IsStream ? new StreamAttempt(loop, this, socket) : new DatagramAttempt(loop, this, socket);
        if (begun.TryBegin(upstream.Address)) return begun;
        begun.Close();
        return null;
    }

    private static ushort NewId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    }
}

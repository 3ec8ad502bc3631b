using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tare.Networks.Dns.Messages;
using Tare.Networks.Dns.Names;

namespace Tare.Networks.Dns.Server;

/// <summary>What becomes of a message that a sandbox has sent.</summary>
internal enum DnsOutcome
{
    /// <summary>Nothing is sent back.</summary>
    Ignored,

    /// <summary>The answer is written.</summary>
    Answered,

    /// <summary>Others have to be asked.</summary>
    Forward,
}

/// <summary>
/// Answers what can be answered from a sandbox's view (libnetwork, resolver.go). It keeps one list for its work: each thread has its own.
/// </summary>
/// <remarks>
/// SRV records exist in Docker for the published ports of swarm services alone; a question for one is passed on, as all other types are. But
/// not for a bare name that a container has: nobody else knows it, and "no such name" from outside would deny the name itself (RFC 8020).
/// </remarks>
internal sealed class DnsResponder
{
    /// <summary>Seconds for which an answer may be kept, as Docker says.</summary>
    private const uint Ttl = 600;

    private readonly List<IPAddress> found = [];

    /// <summary>Answers a message, or says who else has to.</summary>
    /// <param name="message">What has come.</param>
    /// <param name="view">What the sandbox sees.</param>
    /// <param name="stream">It came by TCP: an answer is as long as it has to be.</param>
    /// <param name="buffer">Where the answer goes: 64 KiB.</param>
    /// <param name="query">What was read from the message.</param>
    /// <param name="size">Bytes of the answer.</param>
    public DnsOutcome Respond(ReadOnlySpan<byte> message, DnsView view, bool stream, Span<byte> buffer, out DnsQuery query, out int size)
    {
        size = 0;
        var status = DnsQuery.Read(message, out query);
        if (status == DnsQueryStatus.Ignored) return DnsOutcome.Ignored;
        var reply = new DnsReply(message, query, buffer[..(stream ? ushort.MaxValue : query.UdpSize)]);
        var outcome = status switch
        {
            DnsQueryStatus.Malformed => (DnsResponseCode?)DnsResponseCode.FormatError,
            DnsQueryStatus.Unsupported => DnsResponseCode.NotImplemented,
            _ when query.Edns is { Version: > 0 } => DnsResponseCode.BadVersion,
            _ when query.Question.Class == DnsQuestion.Internet => Answer(query.Question, view, ref reply),
            _ => null,
        };
        if (outcome is not { } code) return DnsOutcome.Forward;
        size = reply.Finish(code);
        return DnsOutcome.Answered;
    }

    /// <summary>An answer without records.</summary>
    public static int Fail(ReadOnlySpan<byte> message, in DnsQuery query, DnsResponseCode code, Span<byte> buffer) =>
        new DnsReply(message, query, buffer).Finish(code);

    private DnsResponseCode? Answer(in DnsQuestion question, DnsView view, ref DnsReply reply)
    {
        found.Clear();
        var bare = !question.Name.Contains('.');
        switch (question.Type)
        {
            case DnsRecordType.A or DnsRecordType.Aaaa:
                var family = question.Type == DnsRecordType.A ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
                if (!view.TryResolve(question.Name, family, found)) return bare && view.KeepsBareNames ? DnsResponseCode.NoError : null;
                // Several containers with one name share its load.
                Random.Shared.Shuffle(CollectionsMarshal.AsSpan(found));
                foreach (var address in found)
                {
                    if (!reply.TryAdd(address, Ttl)) break;
                }
                return DnsResponseCode.NoError;
            case DnsRecordType.Ptr:
                if (ReverseName.ToAddress(question.Name) is not { } reversed || view.NameOf(reversed) is not { } name) return null;
                return reply.TryAddPointer(name, Ttl) ? DnsResponseCode.NoError : null;
            // Without an MX record mail goes to the address (RFC 5321 section 5.1).
            case DnsRecordType.Mx:
                return view.TryResolve(question.Name, AddressFamily.InterNetwork, found) ? DnsResponseCode.NoError : null;
            default:
                return bare && view.TryResolve(question.Name, AddressFamily.InterNetwork, found) ? DnsResponseCode.NoError : null;
        }
    }
}

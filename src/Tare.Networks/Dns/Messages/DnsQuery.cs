namespace Tare.Networks.Dns.Messages;

/// <summary>What has come instead of a question.</summary>
public enum DnsQueryStatus
{
    /// <summary>One well-formed question.</summary>
    Valid,

    /// <summary>Too short, or an answer: replying could go round in circles.</summary>
    Ignored,

    /// <summary>Not what its header promises, or not exactly one question.</summary>
    Malformed,

    /// <summary>An operation other than a question (RFC 1035: inverse question, status; later ones: notify, update).</summary>
    Unsupported,
}

/// <summary>A message that asks one question, as all do in practice.</summary>
/// <param name="Header">Its header.</param>
/// <param name="Question">What is asked.</param>
/// <param name="QuestionEnd">Where the question ends in the message. It begins behind the header and is never compressed.</param>
/// <param name="Edns">What the OPT record says; null without one.</param>
public readonly record struct DnsQuery(DnsHeader Header, DnsQuestion Question, int QuestionEnd, DnsEdns? Edns)
{
    /// <summary>Bytes of an answer by UDP that everybody takes (RFC 1035 section 4.2.1).</summary>
    public const int MinUdpSize = 512;

    /// <summary>Bytes of the largest answer by UDP that is made here: more is cut into fragments that get lost.</summary>
    public const int MaxUdpSize = 4096;

    /// <summary>Bytes of the longest question that is taken; options (RFC 6891) make them longer than a name.</summary>
    public const int MaxSize = 4096;

    /// <summary>Bytes of the largest answer by UDP that the asker takes and that is made.</summary>
    public int UdpSize => Math.Clamp((int)(Edns?.BufferSize ?? MinUdpSize), MinUdpSize, MaxUdpSize);

    /// <summary>Reads a message that somebody has sent. The header is there unless it is ignored.</summary>
    public static DnsQueryStatus Read(ReadOnlySpan<byte> message, out DnsQuery query)
    {
        query = default;
        if (!DnsReader.TryOpen(message, out var reader) || reader.Header.IsResponse) return DnsQueryStatus.Ignored;
        query = new DnsQuery(reader.Header, default, DnsHeader.Size, null);
        if (reader.Header.Opcode != 0) return DnsQueryStatus.Unsupported;
        if (reader.Header.Questions != 1 || !reader.TryReadQuestion(out var question)) return DnsQueryStatus.Malformed;
        var end = reader.Offset;
        DnsEdns? edns = null;
        var records = reader.Header.Answers + reader.Header.Authorities + reader.Header.Additionals;
        for (var i = 0; i < records; i++)
        {
            if (!reader.TryReadRecord(out var record)) return DnsQueryStatus.Malformed;
            if (record.Type != DnsRecordType.Opt) continue;
            // A second one is an error (RFC 6891 section 6.1.1).
            if (edns is not null || !DnsEdns.TryRead(message, record, out var read)) return DnsQueryStatus.Malformed;
            edns = read;
        }
        query = new DnsQuery(reader.Header, question, end, edns);
        return DnsQueryStatus.Valid;
    }
}

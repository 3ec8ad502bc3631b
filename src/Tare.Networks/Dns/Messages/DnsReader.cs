using System.Buffers.Binary;

namespace Tare.Networks.Dns.Messages;

/// <summary>Goes through a message from front to back. Nothing in it is believed: each step says whether there was what the header promises.</summary>
public ref struct DnsReader
{
    private const int QuestionTail = 4;
    private const int RecordTail = 10;

    private readonly ReadOnlySpan<byte> message;
    private int offset;

    private DnsReader(ReadOnlySpan<byte> message, DnsHeader header)
    {
        this.message = message;
        Header = header;
        offset = DnsHeader.Size;
    }

    /// <summary>What the message says of itself.</summary>
    public DnsHeader Header { get; }

    /// <summary>Where the next step begins.</summary>
    public readonly int Offset => offset;

    /// <summary>Begins; false when there is no whole header.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> message, out DnsReader reader)
    {
        var whole = DnsHeader.TryRead(message, out var header);
        reader = new DnsReader(message, header);
        return whole;
    }

    /// <summary>Reads a question.</summary>
    public bool TryReadQuestion(out DnsQuestion question)
    {
        question = default;
        var at = offset;
        if (!DnsName.TryRead(message, ref at, out var name) || at + QuestionTail > message.Length) return false;
        question = new DnsQuestion(name, (DnsRecordType)UInt16(at), UInt16(at + 2));
        offset = at + QuestionTail;
        return true;
    }

    /// <summary>Reads a record of any section.</summary>
    public bool TryReadRecord(out DnsRecord record)
    {
        record = default;
        var at = offset;
        if (!DnsName.TrySkip(message, ref at) || at + RecordTail > message.Length) return false;
        int size = UInt16(at + 8), data = at + RecordTail;
        if (data + size > message.Length) return false;
        record = new DnsRecord(offset, (DnsRecordType)UInt16(at), UInt16(at + 2), BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]), data, size);
        offset = data + size;
        return true;
    }

    private readonly ushort UInt16(int at) => BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tare.Networks.Dns.Messages;

/// <summary>Writes the answer to a question: header, the question as it was asked, records of its name, and OPT when it had one.</summary>
public ref struct DnsReply
{
    private const ushort PointerToQuestion = 0xC000 | DnsHeader.Size;
    private const int RecordHead = 12;
    private const ushort RepeatedFlags = DnsHeader.OpcodeMask | DnsHeader.RecursionDesired | DnsHeader.CheckingDisabled;

    private readonly DnsQuery query;
    private readonly Span<byte> buffer;
    private readonly int limit;
    private int used;
    private ushort answers;
    private bool truncated;

    /// <summary>Begins an answer.</summary>
    /// <param name="message">The question's message.</param>
    /// <param name="query">What was read from it.</param>
    /// <param name="buffer">Where the answer goes; its length is the largest size of the answer, at least <see cref="DnsQuery.MinUdpSize"/>.</param>
    public DnsReply(ReadOnlySpan<byte> message, in DnsQuery query, Span<byte> buffer)
    {
        this.query = query;
        this.buffer = buffer;
        limit = buffer.Length - (query.Edns is null ? 0 : DnsEdns.Size);
        message[DnsHeader.Size..query.QuestionEnd].CopyTo(buffer[DnsHeader.Size..]);
        used = query.QuestionEnd;
    }

    /// <summary>Adds an A or AAAA record of the name that was asked for; false when the answer is full, and then says so.</summary>
    /// <param name="address">Whose family chooses the type.</param>
    /// <param name="ttl">Seconds.</param>
    public bool TryAdd(IPAddress address, uint ttl)
    {
        var six = address.AddressFamily == AddressFamily.InterNetworkV6;
        var data = Head(six ? DnsRecordType.Aaaa : DnsRecordType.A, ttl, six ? 16 : 4);
        return !data.IsEmpty && address.TryWriteBytes(data, out _);
    }

    /// <summary>Adds a PTR record of the name that was asked for; false when the answer is full or the target is no name.</summary>
    /// <param name="target">A name.</param>
    /// <param name="ttl">Seconds.</param>
    public bool TryAddPointer(ReadOnlySpan<char> target, uint ttl)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxSize];
        if (!DnsName.TryWrite(target, name, out var size)) return false;
        var data = Head(DnsRecordType.Ptr, ttl, size);
        if (data.IsEmpty) return false;
        name[..size].CopyTo(data);
        return true;
    }

    /// <summary>Ends the answer; returns its size.</summary>
    public int Finish(DnsResponseCode code)
    {
        var flags = (ushort)(DnsHeader.Response | DnsHeader.RecursionAvailable | (query.Header.Flags & RepeatedFlags) | ((int)code & 0xF));
        if (truncated) flags |= DnsHeader.Truncated;
        var questions = (ushort)(query.QuestionEnd > DnsHeader.Size ? 1 : 0);
        new DnsHeader(query.Header.Id, flags, questions, answers, 0, (ushort)(query.Edns is null ? 0 : 1)).Write(buffer);
        if (query.Edns is null) return used;
        var opt = buffer.Slice(used, DnsEdns.Size);
        opt.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)DnsRecordType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], DnsQuery.MaxUdpSize);
        opt[5] = (byte)((int)code >> 4);
        return used + DnsEdns.Size;
    }

    /// <summary>Writes a record up to its data and returns where they go; empty when there is no room.</summary>
    private Span<byte> Head(DnsRecordType type, uint ttl, int size)
    {
        if (truncated || used + RecordHead + size > limit)
        {
            truncated = true;
            return [];
        }
        var record = buffer.Slice(used, RecordHead);
        BinaryPrimitives.WriteUInt16BigEndian(record, PointerToQuestion);
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], DnsQuestion.Internet);
        BinaryPrimitives.WriteUInt32BigEndian(record[6..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)size);
        var data = buffer.Slice(used + RecordHead, size);
        used += RecordHead + size;
        answers++;
        return data;
    }
}

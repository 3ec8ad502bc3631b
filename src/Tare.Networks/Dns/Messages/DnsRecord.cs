using System.Net;

namespace Tare.Networks.Dns.Messages;

/// <summary>A question (RFC 1035 section 4.1.2).</summary>
/// <param name="Name">In lower case; see <see cref="DnsName"/>.</param>
/// <param name="Type">What is wanted.</param>
/// <param name="Class">1 is the Internet.</param>
public readonly record struct DnsQuestion(string Name, DnsRecordType Type, ushort Class)
{
    /// <summary>The class of the Internet.</summary>
    public const ushort Internet = 1;
}

/// <summary>A record as it lies in its message (RFC 1035 section 4.1.3): names and data are read from there when they are wanted.</summary>
/// <param name="NameOffset">Where its name begins.</param>
/// <param name="Type">What its data are.</param>
/// <param name="Class">1 is the Internet; in an OPT record the size of the asker's buffer.</param>
/// <param name="Ttl">Seconds for which it may be kept; in an OPT record response code, version and flags.</param>
/// <param name="DataOffset">Where its data begin.</param>
/// <param name="DataSize">Bytes of data.</param>
public readonly record struct DnsRecord(int NameOffset, DnsRecordType Type, ushort Class, uint Ttl, int DataOffset, int DataSize)
{
    /// <summary>Its name; false when that is malformed.</summary>
    public bool TryReadName(ReadOnlySpan<byte> message, out string name)
    {
        var offset = NameOffset;
        return DnsName.TryRead(message, ref offset, out name);
    }

    /// <summary>The address of an A or AAAA record; null for others, and when the data have another length.</summary>
    public IPAddress? ReadAddress(ReadOnlySpan<byte> message) => (Type, DataSize) switch
    {
        (DnsRecordType.A, 4) or (DnsRecordType.Aaaa, 16) => new IPAddress(message.Slice(DataOffset, DataSize)),
        _ => null,
    };

    /// <summary>The name that a PTR or CNAME record holds; false for others, and when it is malformed.</summary>
    public bool TryReadTarget(ReadOnlySpan<byte> message, out string target)
    {
        var offset = DataOffset;
        target = "";
        return Type is DnsRecordType.Ptr or DnsRecordType.Cname
            && DnsName.TryRead(message[..(DataOffset + DataSize)], ref offset, out target)
            && offset == DataOffset + DataSize;
    }
}

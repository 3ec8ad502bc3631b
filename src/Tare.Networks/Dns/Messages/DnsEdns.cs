namespace Tare.Networks.Dns.Messages;

/// <summary>What an OPT record says (RFC 6891 section 6.1).</summary>
/// <param name="BufferSize">Bytes of the largest answer by UDP that its sender takes.</param>
/// <param name="Version">0 is the only one there is.</param>
/// <param name="DnssecOk">The sender wants signatures (RFC 3225).</param>
public readonly record struct DnsEdns(ushort BufferSize, byte Version, bool DnssecOk)
{
    /// <summary>Bytes of an OPT record without options.</summary>
    public const int Size = 11;

    private const uint DnssecOkBit = 0x8000;

    /// <summary>Reads an OPT record; false when its name is not the root.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, DnsRecord record, out DnsEdns edns)
    {
        edns = new DnsEdns(record.Class, (byte)(record.Ttl >> 16), (record.Ttl & DnssecOkBit) != 0);
        return message[record.NameOffset] == 0;
    }
}

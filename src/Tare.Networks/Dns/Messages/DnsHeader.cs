using System.Buffers.Binary;

namespace Tare.Networks.Dns.Messages;

/// <summary>The first 12 bytes of a message (RFC 1035 section 4.1.1).</summary>
/// <param name="Id">Chosen by who asks, and repeated in the answer.</param>
/// <param name="Flags">The bits named below, the operation and the response code.</param>
/// <param name="Questions">How many questions follow.</param>
/// <param name="Answers">How many records answer them.</param>
/// <param name="Authorities">How many records name the servers that know.</param>
/// <param name="Additionals">How many records come along.</param>
public readonly record struct DnsHeader(ushort Id, ushort Flags, ushort Questions, ushort Answers, ushort Authorities, ushort Additionals)
{
    /// <summary>Bytes.</summary>
    public const int Size = 12;

    /// <summary>QR: this is an answer.</summary>
    public const ushort Response = 0x8000;

    /// <summary>TC: there is more than fits; ask again by TCP.</summary>
    public const ushort Truncated = 0x0200;

    /// <summary>RD: who asks wants the server to ask others.</summary>
    public const ushort RecursionDesired = 0x0100;

    /// <summary>RA: the server asks others.</summary>
    public const ushort RecursionAvailable = 0x0080;

    /// <summary>CD: who asks checks signatures itself (RFC 4035).</summary>
    public const ushort CheckingDisabled = 0x0010;

    /// <summary>The four bits of <see cref="Opcode"/>, in place.</summary>
    public const ushort OpcodeMask = 0x7800;

    /// <summary>Whether QR is set.</summary>
    public bool IsResponse => (Flags & Response) != 0;

    /// <summary>Whether TC is set.</summary>
    public bool IsTruncated => (Flags & Truncated) != 0;

    /// <summary>What is asked for; 0 is an ordinary question.</summary>
    public int Opcode => (Flags & OpcodeMask) >> 11;

    /// <summary>The lower four bits of the response code.</summary>
    public DnsResponseCode ResponseCode => (DnsResponseCode)(Flags & 0xF);

    /// <summary>Reads; false when there are fewer than 12 bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, out DnsHeader header)
    {
        header = default;
        if (message.Length < Size) return false;
        header = new DnsHeader(At(message, 0), At(message, 2), At(message, 4), At(message, 6), At(message, 8), At(message, 10));
        return true;
    }

    /// <summary>Writes the 12 bytes.</summary>
    public void Write(Span<byte> message)
    {
        BinaryPrimitives.WriteUInt16BigEndian(message, Id);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], Flags);
        BinaryPrimitives.WriteUInt16BigEndian(message[4..], Questions);
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], Answers);
        BinaryPrimitives.WriteUInt16BigEndian(message[8..], Authorities);
        BinaryPrimitives.WriteUInt16BigEndian(message[10..], Additionals);
    }

    /// <summary>Puts another id into a message that is passed on.</summary>
    public static void SetId(Span<byte> message, ushort id) => BinaryPrimitives.WriteUInt16BigEndian(message, id);

    private static ushort At(ReadOnlySpan<byte> message, int offset) => BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);
}

namespace Tare.Networks.Dns.Messages;

/// <summary>Answers of other servers, which are passed on as they are once they are known to be answers.</summary>
public static class DnsAnswer
{
    /// <summary>
    /// Whether a message answers a question with an id: the id, the question in any case of letters (RFC 5452 section 9.1), and as many records
    /// as it promises. A failure may come without the question.
    /// </summary>
    /// <param name="query">The question's message.</param>
    /// <param name="questionEnd">Where its question ends.</param>
    /// <param name="id">The id it was sent with.</param>
    /// <param name="answer">What has come.</param>
    public static bool Matches(ReadOnlySpan<byte> query, int questionEnd, ushort id, ReadOnlySpan<byte> answer)
    {
        if (!DnsReader.TryOpen(answer, out var reader)) return false;
        var header = reader.Header;
        if (header.Id != id || !header.IsResponse || header.Opcode != 0) return false;
        if (header.Questions == 0) return header.ResponseCode != DnsResponseCode.NoError && header.Answers == 0;
        if (header.Questions != 1 || answer.Length < questionEnd) return false;
        if (!SameQuestion(query[DnsHeader.Size..questionEnd], answer[DnsHeader.Size..questionEnd])) return false;
        if (!reader.TryReadQuestion(out _)) return false;
        // A truncated answer may promise more than it holds.
        if (header.IsTruncated) return true;
        for (var left = header.Answers + header.Authorities + header.Additionals; left > 0; left--)
        {
            if (!reader.TryReadRecord(out _)) return false;
        }
        return true;
    }

    // Lengths of labels lie below all letters: the bytes of a name can be compared without knowing which is which.
    private static bool SameQuestion(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        for (var i = 0; i < one.Length - 4; i++)
        {
            if (Lower(one[i]) != Lower(other[i])) return false;
        }
        return one[^4..].SequenceEqual(other[^4..]);
    }

    private static int Lower(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? value | 0x20 : value;
}

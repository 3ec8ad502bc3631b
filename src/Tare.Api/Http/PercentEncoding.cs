using System.Buffers;
using System.Text;
using Tare.Errors;

namespace Tare.Api.Http;

/// <summary>Percent-encoding of paths and queries, as Go's net/url decodes it.</summary>
internal static class PercentEncoding
{
    /// <summary>Decodes a part of an address. What is no UTF-8 becomes U+FFFD.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/>, with Go's text: an escape that is none.</exception>
    internal static string Decode(ReadOnlySpan<char> text, bool plusIsSpace)
    {
        if (text.IndexOf('%') < 0 && !(plusIsSpace && text.Contains('+')))
            return text.ToString();

        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            var count = 0;
            var i = 0;
            while (i < text.Length)
            {
                if (text[i] == '%')
                {
                    if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                        throw TareException.Invalid($"invalid URL escape \"{text[i..Math.Min(i + 3, text.Length)]}\"");
                    Convert.FromHexString(text.Slice(i + 1, 2), bytes.AsSpan(count++, 1), out _, out _);
                    i += 3;
                    continue;
                }

                if (plusIsSpace && text[i] == '+')
                {
                    bytes[count++] = (byte)' ';
                    i++;
                    continue;
                }

                var end = i + 1;
                while (end < text.Length && text[end] != '%' && !(plusIsSpace && text[end] == '+'))
                    end++;
                count += Encoding.UTF8.GetBytes(text[i..end], bytes.AsSpan(count));
                i = end;
            }

            return Encoding.UTF8.GetString(bytes, 0, count);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}

using System.Globalization;

namespace Tare.Client.Http;

/// <summary>The status line and headers of a response.</summary>
internal sealed class ResponseHead(int status, string reason, bool keepAliveByDefault)
{
    private readonly List<KeyValuePair<string, string>> _headers = [];

    public int Status => status;

    public string Reason => reason;

    /// <summary>Bytes of the body; null when no length is given.</summary>
    public long? ContentLength
        => Header("Content-Length") is { } text
            ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : throw new ProtocolException("the answer has a malformed length")
            : null;

    public bool IsChunked => Header("Transfer-Encoding") is { } text && text.EndsWith("chunked", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether another exchange may follow on the connection.</summary>
    public bool KeepAlive
        => Header("Connection") is { } text ? !text.Contains("close", StringComparison.OrdinalIgnoreCase) && (keepAliveByDefault || text.Contains("keep-alive", StringComparison.OrdinalIgnoreCase)) : keepAliveByDefault;

    /// <summary>The media type without its parameters; empty without one.</summary>
    public string ContentType
    {
        get
        {
            var text = Header("Content-Type") ?? "";
            var semicolon = text.IndexOf(';', StringComparison.Ordinal);
            return (semicolon < 0 ? text : text[..semicolon]).Trim();
        }
    }

    public string? Header(string name)
    {
        foreach (var (key, value) in _headers)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase)) return value;
        }

        return null;
    }

    public void Add(string name, string value) => _headers.Add(new(name, value));
}

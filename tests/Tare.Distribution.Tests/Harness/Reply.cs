using System.Globalization;
using System.Text;

namespace Tare.Distribution.Tests.Harness;

/// <summary>What a scripted server does with one request.</summary>
public sealed record Reply(int Status, byte[] Body)
{
    /// <summary>Header lines, <c>Name: value</c>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>What is told as Content-Length; the truth if it is null, nothing at all if it is negative.</summary>
    public long? ContentLength { get; init; }

    /// <summary>Sends the body in chunks, without a length.</summary>
    public bool IsChunked { get; init; }

    /// <summary>Cuts the connection (with a reset) after so many bytes of the body; -1 cuts before the first byte of the answer.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Sends so many bytes of the body and then nothing, and leaves the connection open; -1 sends not even a status.</summary>
    public int? SilentAfter { get; init; }

    /// <summary>Called before each byte of the body.</summary>
    public Func<Task>? Drip { get; init; }

    public static Reply Of(int status, string body = "", params string[] headers) =>
        new(status, Encoding.UTF8.GetBytes(body)) { Headers = headers };

    public static Reply Json(int status, string body, params string[] headers) => Of(status, body, ["Content-Type: application/json", .. headers]);

    /// <summary>A refusal in the format of registries.</summary>
    public static Reply Refusal(int status, string code, string message, params string[] headers) =>
        Json(status, $$"""{"errors":[{"code":"{{code}}","message":"{{message}}","detail":["x"]}]}""", headers);

    public static Reply Bytes(byte[] body, params string[] headers) => new(200, body) { Headers = headers };

    internal byte[] Head(bool isHead)
    {
        var head = new StringBuilder($"HTTP/1.1 {Status} Status{Status}\r\n");
        foreach (var header in Headers) head.Append(header).Append("\r\n");
        if (IsChunked) head.Append("Transfer-Encoding: chunked\r\n");
        else if (ContentLength is not < 0 && Status is not 204 && !(isHead && Headers.Any(header => header.StartsWith("Content-Length", StringComparison.Ordinal))))
            head.Append("Content-Length: ").Append((ContentLength ?? Body.Length).ToString(CultureInfo.InvariantCulture)).Append("\r\n");
        if (ContentLength is < 0) head.Append("Connection: close\r\n");
        return Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }
}

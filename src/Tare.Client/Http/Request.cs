using System.Globalization;
using System.Text;

namespace Tare.Client.Http;

/// <summary>One request of the API; the path has no version in front.</summary>
internal sealed class Request(string method, string path)
{
    public string Method => method;

    public string Path => path;

    public QueryString Query { get; } = new();

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>A body that is sent as it is read; it can be sent once.</summary>
    public Stream? BodyStream { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Whether the connection becomes the process's streams after the head.</summary>
    public bool Hijack { get; init; }

    /// <summary>Without a version in front of the path: /_ping.</summary>
    public bool Unversioned { get; init; }

    public string? RegistryAuth { get; init; }

    /// <summary>Whether it can be sent again when it was not answered.</summary>
    public bool IsReplayable => BodyStream is null;

    /// <summary>The path with the version and the query.</summary>
    public string Target(string version, string basePath) => basePath + (Unversioned ? "" : "/v" + version) + path + Query;

    /// <summary>The head, and the body behind it when it is in memory.</summary>
    public byte[] Write(EngineAddress address, string version, TareClientOptions options)
    {
        var head = new StringBuilder(256);
        head.Append(method).Append(' ').Append(Target(version, address.BasePath)).Append(" HTTP/1.1\r\nHost: ");
        if (address.Host is null) head.Append("api.moby.localhost");
        else head.Append(address.Host.Contains(':', StringComparison.Ordinal) ? $"[{address.Host}]" : address.Host).Append(':').Append(address.Port);
        head.Append("\r\nUser-Agent: ").Append(options.UserAgent).Append("\r\n");
        foreach (var (name, value) in options.Headers ?? NoHeaders) head.Append(name).Append(": ").Append(value).Append("\r\n");
        if (ContentType is not null) head.Append("Content-Type: ").Append(ContentType).Append("\r\n");
        if (RegistryAuth is not null) head.Append("X-Registry-Auth: ").Append(RegistryAuth).Append("\r\n");
        if (Hijack) head.Append("Connection: Upgrade\r\nUpgrade: tcp\r\n");
        if (BodyStream is { CanSeek: true } seekable) head.Append("Content-Length: ").Append(seekable.Length - seekable.Position).Append("\r\n");
        else if (BodyStream is not null) head.Append("Transfer-Encoding: chunked\r\n");
        else if (!Body.IsEmpty || method is "POST" or "PUT") head.Append("Content-Length: ").Append(Body.Length).Append("\r\n");
        head.Append("\r\n");

        var bytes = new byte[head.Length + Body.Length];
        Encoding.Latin1.GetBytes(head.ToString(), bytes);
        Body.Span.CopyTo(bytes.AsSpan(head.Length));
        return bytes;
    }

    private static readonly Dictionary<string, string> NoHeaders = [];
}

/// <summary>A query, built in order; values are percent-encoded (RFC 3986).</summary>
internal sealed class QueryString
{
    private StringBuilder? _text;

    public QueryString Add(string name, string? value)
    {
        if (value is null) return this;
        _text ??= new StringBuilder();
        _text.Append(_text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Encode(value));
        return this;
    }

    /// <summary>Added when it has a value that is not empty.</summary>
    public QueryString AddText(string name, string? value) => string.IsNullOrEmpty(value) ? this : Add(name, value);

    public QueryString Add(string name, bool value) => value ? Add(name, "1") : this;

    public QueryString Add(string name, int? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    public override string ToString() => _text?.ToString() ?? "";

    /// <summary>Percent-encodes what is not unreserved; also for one segment of a path, where <c>/</c> and <c>:</c> stay.</summary>
    public static string Encode(string text, bool path = false)
    {
        var plain = true;
        foreach (var c in text) plain &= IsPlain(c, path);
        if (plain) return text;
        var result = new StringBuilder(text.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (IsPlain((char)b, path)) result.Append((char)b);
            else result.Append('%').Append("0123456789ABCDEF"[b >> 4]).Append("0123456789ABCDEF"[b & 15]);
        }

        return result.ToString();
    }

    private static bool IsPlain(char c, bool path)
        => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~' || (path && c is '/' or ':' or '@');
}

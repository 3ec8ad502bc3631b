using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Tare.Registry.Access;

namespace Tare.Registry.Http;

/// <summary>A request and its response, without the machinery of a web framework around them.</summary>
internal sealed class Exchange
{
    private readonly IHttpRequestFeature request;
    private readonly IHttpResponseFeature response;
    private readonly IHttpResponseBodyFeature responseBody;
    private readonly string queryString;
    private Query? query;

    internal Exchange(IFeatureCollection features, long started)
    {
        Features = features;
        Started = started;
        request = features.Get<IHttpRequestFeature>()!;
        response = features.Get<IHttpResponseFeature>()!;
        responseBody = features.Get<IHttpResponseBodyFeature>()!;
        var connection = features.Get<IHttpConnectionFeature>();
        Client = connection?.RemoteIpAddress?.ToString() ?? "-";
        Gone = features.Get<IHttpRequestLifetimeFeature>()!.RequestAborted;
        var target = request.RawTarget;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? target : target[..question];
        queryString = question < 0 ? "" : target[(question + 1)..];
        Target = target;
        Path = path.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(path) : path;
        Route = RegistryPath.Parse(Path);
    }

    internal IFeatureCollection Features { get; }

    /// <summary>When it came in, by <see cref="TimeProvider.GetTimestamp"/>.</summary>
    internal long Started { get; }

    /// <summary>The address that it came from.</summary>
    internal string Client { get; }

    internal string Method => request.Method;

    internal bool IsHead => Method == HttpMethods.Head;

    /// <summary>Path and query as they came.</summary>
    internal string Target { get; }

    /// <summary>The decoded path.</summary>
    internal string Path { get; }

    internal RegistryPath Route { get; }

    /// <summary>The repository.</summary>
    internal string Name => Route.Name;

    internal Query Query => query ??= Query.Parse(queryString);

    /// <summary>The part behind the question mark, as it came.</summary>
    internal string QueryString => queryString;

    /// <summary>Cancelled when the client has gone.</summary>
    internal CancellationToken Gone { get; }

    /// <summary>Who asks.</summary>
    internal Caller Caller { get; set; } = Caller.Nobody;

    internal IHeaderDictionary RequestHeaders => request.Headers;

    internal IHeaderDictionary Headers => response.Headers;

    internal Stream Body => request.Body;

    internal string Scheme => request.Scheme;

    internal int Status => response.StatusCode;

    internal bool HasStarted => response.HasStarted;

    /// <summary>Bytes of the body that were sent.</summary>
    internal long Sent { get; private set; }

    /// <summary>Bytes of the body that were received.</summary>
    internal long Received { get; set; }

    internal PipeWriter Writer => responseBody.Writer;

    /// <summary>Where clients reach this server, as they say themselves: <c>https://host:port</c>.</summary>
    internal string Origin
    {
        get
        {
            var scheme = RequestHeaders["X-Forwarded-Proto"].ToString() is "https" ? "https" : Scheme;
            return $"{scheme}://{Host}";
        }
    }

    /// <summary>The host as the client calls it; it is the client's word, and nothing but a link for that client depends on it.</summary>
    internal string Host => RequestHeaders.Host.ToString() is { Length: > 0 } host && !host.AsSpan().ContainsAnyExcept(HostCharacters) ? host : "localhost";

    /// <summary>Starts a response without a body.</summary>
    internal void Empty(int status)
    {
        response.StatusCode = status;
        if (status != StatusCodes.Status204NoContent) Headers.ContentLength = 0;
    }

    internal void Head(int status, StringValues contentType, long length)
    {
        response.StatusCode = status;
        Headers.ContentType = contentType;
        Headers.ContentLength = length;
    }

    /// <summary>Sends a whole body; to a HEAD its head alone.</summary>
    internal async Task SendAsync(int status, StringValues contentType, ReadOnlyMemory<byte> body)
    {
        Head(status, contentType, body.Length);
        if (IsHead || body.IsEmpty) return;
        await responseBody.Writer.WriteAsync(body, Gone);
        Sent += body.Length;
    }

    internal Task TextAsync(int status, StringValues contentType, string body) => SendAsync(status, contentType, Encoding.UTF8.GetBytes(body));

    /// <summary>Sends what a writer writes, as JSON.</summary>
    internal Task JsonAsync(int status, StringValues contentType, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) write(json);
        return SendAsync(status, contentType, buffer.WrittenMemory);
    }

    internal Task JsonAsync(Action<Utf8JsonWriter> write) => JsonAsync(StatusCodes.Status200OK, ContentTypes.Json, write);

    /// <summary>Makes the head go out. The body follows by <see cref="Writer"/>, and is counted by <see cref="Count"/>.</summary>
    internal Task StartAsync() => responseBody.StartAsync(Gone);

    internal void Count(long bytes) => Sent += bytes;

    /// <summary>Takes the limit off the body's length; whoever reads it has limits of its own.</summary>
    internal void AllowLargeBody()
    {
        if (Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = null;
    }

    /// <summary>Reads a body that may not be longer than a limit.</summary>
    /// <exception cref="RefusalException">It is: 413.</exception>
    internal async Task<ReadOnlyMemory<byte>> ReadBodyAsync(int limit, string what)
    {
        AllowLargeBody();
        if (RequestHeaders.ContentLength > limit) throw TooLarge();
        var buffer = new byte[(int)(RequestHeaders.ContentLength + 1 ?? 16 * 1024)];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(buffer.Length * 2, limit + 1));
            var count = await Body.ReadAsync(buffer.AsMemory(length), Gone);
            if (count == 0) break;
            length += count;
            if (length > limit) throw TooLarge();
        }

        Received = length;
        return buffer.AsMemory(0, length);

        RefusalException TooLarge() => RefusalException.SizeInvalid(
            StatusCodes.Status413PayloadTooLarge,
            string.Create(CultureInfo.InvariantCulture, $"{what} is too large: at most {limit} bytes are taken"));
    }

    /// <summary>Ends the connection: the head is out, and nothing else can say that something failed.</summary>
    internal void Abandon() => Features.Get<IHttpRequestLifetimeFeature>()!.Abort();

    private static readonly SearchValues<char> HostCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]_");
}

/// <summary>Types of bodies.</summary>
internal static class ContentTypes
{
    internal static readonly StringValues Json = "application/json; charset=utf-8";
    internal static readonly StringValues Blob = "application/octet-stream";
    internal static readonly StringValues Text = "text/plain; charset=utf-8";
    internal static readonly StringValues Html = "text/html; charset=utf-8";
}

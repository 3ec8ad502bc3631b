using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tare.Api.Hosting;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Api.Http;

/// <summary>One request and its response.</summary>
internal sealed class ApiContext(IFeatureCollection features)
{
    private readonly IHttpRequestFeature request = features.GetRequiredFeature<IHttpRequestFeature>();
    private readonly IHttpResponseFeature response = features.GetRequiredFeature<IHttpResponseFeature>();
    private readonly IHttpResponseBodyFeature responseBody = features.GetRequiredFeature<IHttpResponseBodyFeature>();

    internal string Method => request.Method;

    /// <summary>Path and query as they came.</summary>
    internal string Target => request.RawTarget;

    internal IHeaderDictionary RequestHeaders => request.Headers;

    internal IHeaderDictionary ResponseHeaders => response.Headers;

    internal IPeer Peer { get; } = features.GetRequiredFeature<IPeer>();

    /// <summary>The version that the client speaks.</summary>
    internal ApiVersion Version { get; set; } = ApiVersion.Maximum;

    /// <summary>What stands for the variable part of the route, decoded: a container, an image.</summary>
    internal string Name { get; set; } = string.Empty;

    internal Query Query { get; set; } = Query.Empty;

    internal bool HasStarted => response.HasStarted;

    /// <summary>Whether the client asks to leave HTTP.</summary>
    internal bool WantsUpgrade => request.Headers.ContainsKey("Upgrade");

    /// <summary>The request's body as a stream, for archives of any length.</summary>
    internal Stream Body => request.Body;

    internal PipeReader BodyReader => features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;

    /// <summary>Null when it is not known, as in a chunked body.</summary>
    internal long? BodyLength => features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody ? request.Headers.ContentLength : 0;

    internal int Status
    {
        get => response.StatusCode;
        set => response.StatusCode = value;
    }

    /// <summary>A status without a body.</summary>
    internal void Empty(int status) => response.StatusCode = status;

    /// <summary>A document, in the shape of the client's version.</summary>
    internal Task JsonAsync<T>(int status, T value) => SendAsync(status, MediaType.Json, body =>
    {
        WireJson.Write(body, value, JsonOptions);
        body.Write("\n"u8);
    });

    internal Task TextAsync(int status, string text) => SendAsync(status, "text/plain; charset=utf-8", body => body.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>The shape of documents that the client's version expects.</summary>
    internal System.Text.Json.JsonSerializerOptions JsonOptions => Version.Before(52) ? WireJson.LegacyOptions : WireJson.Options;

    /// <summary>Sends the head at once and leaves the body to the caller.</summary>
    internal async Task<PipeWriter> StreamAsync(string contentType, CancellationToken cancellationToken)
    {
        Status = StatusCodes.Status200OK;
        response.Headers.ContentType = contentType;
        await responseBody.StartAsync(cancellationToken);
        await responseBody.Writer.FlushAsync(cancellationToken);
        return responseBody.Writer;
    }

    /// <summary>Takes the connection away from HTTP. The response is the caller's, byte by byte.</summary>
    internal HijackedConnection Hijack() => Peer.Hijack();

    /// <summary>After a hijacked connection is finished: HTTP has nothing more to say on it.</summary>
    internal void AbandonHttp() => features.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();

    private async Task SendAsync(int status, string contentType, Action<ArrayBufferWriter<byte>> write)
    {
        var body = new ArrayBufferWriter<byte>(512);
        write(body);
        Status = status;
        response.Headers.ContentType = contentType;
        response.Headers.ContentLength = body.WrittenCount;
        await responseBody.Writer.WriteAsync(body.WrittenMemory);
    }
}

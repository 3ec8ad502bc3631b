using System.Buffers;
using System.IO.Pipelines;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Api.Http;

/// <summary>
/// A response that is one document after the other, each flushed at once. The head goes out with the first document, so that an error
/// before it still has a status of its own. Documents may come from several threads.
/// </summary>
internal sealed class JsonLines(ApiContext context, string contentType, string lineEnd) : IDisposable
{
    private static readonly string[] StreamTypes = [MediaType.JsonLines, MediaType.NdJson, MediaType.JsonSequence];

    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly byte[] end = System.Text.Encoding.ASCII.GetBytes(lineEnd);
    private PipeWriter? body;

    internal bool HasStarted => body is not null;

    /// <summary>
    /// The type that the client's Accept header names; without one, JSON lines, which up to API 1.51 were called plain JSON.
    /// </summary>
    internal static string Negotiate(ApiContext context)
    {
        var accept = context.RequestHeaders.Accept;
        var best = string.Empty;
        var bestQuality = 0.0;
        foreach (var offer in StreamTypes)
        {
            foreach (var entry in Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParseList(accept, out var entries) ? entries : [])
            {
                if (entry.MediaType.Equals(offer, StringComparison.OrdinalIgnoreCase) && (entry.Quality ?? 1) > bestQuality)
                    (best, bestQuality) = (offer, entry.Quality ?? 1);
            }
        }

        if (best.Length > 0)
            return best;
        return context.Version.Before(52) ? MediaType.Json : MediaType.JsonLines;
    }

    /// <summary>Sends the head now.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken) => body ??= await context.StreamAsync(contentType, cancellationToken);

    internal async ValueTask WriteAsync<T>(T document, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            await StartAsync(cancellationToken);
            if (contentType == MediaType.JsonSequence)
                body!.Write("\u001e"u8);
            WireJson.Write(body!, document, context.JsonOptions);
            body!.Write(end);
            await body!.FlushAsync(cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();
}

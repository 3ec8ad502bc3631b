using Tare.Distribution.Failures;
using Tare.Errors;

namespace Tare.Distribution.Transport;

/// <summary>An answer whose body has not been read yet.</summary>
/// <param name="response">Status and headers.</param>
/// <param name="method">What was asked.</param>
/// <param name="target">Where it came from in the end.</param>
/// <param name="isForeign">Whether that is another host than the endpoint: what it says of credentials does not count.</param>
/// <param name="time">The clock.</param>
internal sealed class Answer(HttpResponseMessage response, HttpMethod method, Uri target, bool isForeign, TimeProvider time) : IDisposable
{
    internal HttpResponseMessage Response => response;

    internal int Status => (int)response.StatusCode;

    internal bool IsForeign => isForeign;

    /// <summary>The address that answered.</summary>
    internal Uri Target => target;

    /// <summary>The request, for messages. Queries may hold signatures and stay out.</summary>
    internal string What => $"{method.Method} {target.GetLeftPart(UriPartial.Path)}";

    /// <summary>A header that may be there once; what is malformed is returned as it is.</summary>
    internal string? Header(string name)
    {
        if (!response.Headers.NonValidated.TryGetValues(name, out var values)
            && !response.Content.Headers.NonValidated.TryGetValues(name, out values)) return null;
        foreach (var value in values) return value;
        return null;
    }

    /// <summary>The length that the headers promise.</summary>
    internal long? Length => response.Content.Headers.ContentLength;

    /// <summary>The body.</summary>
    internal Task<Stream> OpenAsync(CancellationToken ct) => response.Content.ReadAsStreamAsync(ct);

    /// <summary>Reads the whole body.</summary>
    /// <param name="limit">The most bytes that it may have.</param>
    /// <param name="subject">What it is, for the message.</param>
    /// <param name="ct">Ends the reading.</param>
    /// <exception cref="RegistryException">It is larger, or cut.</exception>
    internal async Task<byte[]> ReadAsync(int limit, string subject, CancellationToken ct)
    {
        if (Length > limit) throw TooLarge(limit, subject);
        var (content, complete) = await ReadUpToAsync(limit, ct);
        return complete ? content : throw TooLarge(limit, subject);
    }

    /// <summary>Reads the first bytes of the body, as many as come.</summary>
    internal async Task<byte[]> ReadStartAsync(int limit, CancellationToken ct)
    {
        try
        {
            return (await ReadUpToAsync(limit, ct)).Content;
        }
        catch (RegistryException)
        {
            return []; // the status says enough
        }
    }

    /// <inheritdoc/>
    public void Dispose() => response.Dispose();

    private async Task<(byte[] Content, bool Complete)> ReadUpToAsync(int limit, CancellationToken ct)
    {
        using var idle = new IdleTimer(time, ct);
        try
        {
            idle.Wind(Limits.Idle);
            await using var body = await OpenAsync(idle.Token);
            var buffer = new byte[Math.Min(limit, Length ?? 16 * 1024) + 1];
            var filled = 0;
            while (true)
            {
                idle.Wind(Limits.Idle);
                var count = await body.ReadAsync(buffer.AsMemory(filled), idle.Token);
                if (count == 0) return (buffer[..filled], true);
                filled += count;
                if (filled > limit) return (buffer[..limit], false);
                if (filled == buffer.Length) Array.Resize(ref buffer, (int)Math.Min((long)buffer.Length * 2, limit + 1L));
            }
        }
        catch (Exception e) when (NetworkFailures.Covers(e) && !ct.IsCancellationRequested)
        {
            throw NetworkFailures.Cut(target, e);
        }
    }

    private RegistryException TooLarge(int limit, string subject) => new(
        ErrorKind.Internal,
        $"{subject} from {target.Authority} is larger than {limit / 1024} KiB, which is more than is read of such a document",
        status: Status);
}

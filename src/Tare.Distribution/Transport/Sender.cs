using System.Net;
using System.Security.Authentication;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Errors;

namespace Tare.Distribution.Transport;

/// <summary>Sends requests and follows redirects. Thread-safe.</summary>
internal sealed class Sender(Transports transports, string userAgent, TimeProvider time)
{
    /// <summary>The clock.</summary>
    internal TimeProvider Time => time;

    /// <summary>Sends a request.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="endpoint">On whose behalf: its certificates count, and only there goes what <paramref name="authorization"/> says.</param>
    /// <param name="authorization">The header Authorization.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>The answer, whatever its status.</returns>
    /// <exception cref="RegistryException">There is none.</exception>
    internal async Task<Answer> SendAsync(RegistryRequest request, Endpoint endpoint, string? authorization, CancellationToken ct)
    {
        var target = request.Target;
        var foreign = !endpoint.Owns(target);
        for (var hops = 0; ; hops++)
        {
            var response = await SendOnceAsync(request, endpoint, target, foreign ? null : authorization, ct);
            if (!IsFollowed(request, response)
                || !response.Headers.NonValidated.TryGetValues("Location", out var locations)
                || locations.Count == 0) return new Answer(response, request.Method, target, foreign, time);

            using (response)
            {
                if (hops == Limits.Redirects)
                    throw Refused($"{request.Target.Authority} redirects endlessly: {Limits.Redirects} redirects and still no answer to {request.Method} {request.Target.GetLeftPart(UriPartial.Path)}");
                target = Next(target, locations.First(), endpoint);
                foreign |= !endpoint.Owns(target);
                if (foreign && request.HasSecretContent) throw Refused($"{request.Target.Authority} redirects credentials to {target.Authority}, which is refused");
            }
        }
    }

    /// <summary>Resolves an address that a server names, and refuses to leave TLS behind.</summary>
    internal static Uri Next(Uri from, string location, Endpoint endpoint)
    {
        if (!Uri.TryCreate(from, location, out var next) || (next.Scheme != Uri.UriSchemeHttp && next.Scheme != Uri.UriSchemeHttps))
            throw Refused($"{from.Authority} names an address that is none: \"{Refusal.Clean(location)}\"");
        if (from.Scheme == Uri.UriSchemeHttps && next.Scheme == Uri.UriSchemeHttp && !endpoint.IsInsecure)
            throw Refused($"{from.Authority} redirects from TLS to plain HTTP ({next.Authority}), which is refused");
        return next;
    }

    private static RegistryException Refused(string message) => new(ErrorKind.Internal, message);

    private static bool IsFollowed(RegistryRequest request, HttpResponseMessage response) => response.StatusCode switch
    {
        HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther => request.Method == HttpMethod.Get || request.Method == HttpMethod.Head,
        HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect => true,
        _ => false,
    };

    private async Task<HttpResponseMessage> SendOnceAsync(RegistryRequest request, Endpoint endpoint, Uri target, string? authorization, CancellationToken ct)
    {
        var invoker = transports.For(endpoint, target);
        ct.ThrowIfCancellationRequested();
        using var late = new IdleTimer(time, CancellationToken.None);
        using var lateness = ct.UnsafeRegister(static late => ((IdleTimer)late!).Wind(Limits.Grace), late);
        using var idle = new IdleTimer(time, request.LeavesSomething ? late.Token : ct);
        using var message = Message(request, target, authorization, idle);
        try
        {
            idle.Wind(request.Content is null ? request.Patience : Limits.Idle);
            return await invoker.SendAsync(message, idle.Token);
        }
        catch (Exception e) when (NetworkFailures.Covers(e))
        {
            ct.ThrowIfCancellationRequested();
            var entry = target.AbsolutePath.StartsWith("/v2/", StringComparison.Ordinal) ? new Uri(target, "/v2/") : new Uri(target.GetLeftPart(UriPartial.Path));
            if (e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException or IOException }
                && !endpoint.IsInsecure && await SpeaksPlainHttpAsync(invoker, target, ct)) throw NetworkFailures.PlainHttp(target, entry, e);
            throw NetworkFailures.NoAnswer(request.Method, target, entry, e);
        }
    }

    private HttpRequestMessage Message(RegistryRequest request, Uri target, string? authorization, IdleTimer idle)
    {
        var message = new HttpRequestMessage(request.Method, target) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var headers = message.Headers;
        headers.TryAddWithoutValidation("User-Agent", userAgent);
        if (request.Accept.Count > 0) headers.TryAddWithoutValidation("Accept", request.Accept);
        if (request.From > 0) headers.TryAddWithoutValidation("Range", $"bytes={request.From}-");
        if (authorization is not null) headers.TryAddWithoutValidation("Authorization", authorization);
        if (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head) headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (request.Content is { } content)
        {
            message.Content = new RequestContent(content, idle, request.Patience);
            if (content.Length > 0) message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
            if (request.ContentRange is not null) message.Content.Headers.TryAddWithoutValidation("Content-Range", request.ContentRange);
        }

        return message;
    }

    // What a plain server answers to the start of TLS is lost in the runtime, and users need to be told: so it is asked once more, for nothing.
    private async Task<bool> SpeaksPlainHttpAsync(HttpMessageInvoker invoker, Uri target, CancellationToken ct)
    {
        using var limit = new IdleTimer(time, ct);
        limit.Wind(TimeSpan.FromSeconds(5));
        using var message = new HttpRequestMessage(HttpMethod.Head, new UriBuilder(Uri.UriSchemeHttp, target.Host, target.Port, "/v2/").Uri);
        try
        {
            using var response = await invoker.SendAsync(message, limit.Token);
            return true;
        }
        catch (Exception e) when (NetworkFailures.Covers(e))
        {
            ct.ThrowIfCancellationRequested();
            return false;
        }
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using Tare.Distribution.Authentication;
using Tare.Distribution.Transport;

namespace Tare.Distribution.Failures;

/// <summary>What a registry says when it does not do what it was asked for.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">One of <see cref="RegistryCodes"/>; <c>UNKNOWN</c> for anything else; empty if the answer is no refusal but a failure (5xx).</param>
/// <param name="Message">The registry's own words, or those that belong to the code.</param>
/// <param name="RetryAfter">How long it wants to be left alone.</param>
internal sealed record Refusal(int Status, string Code, string Message, TimeSpan? RetryAfter)
{
    private const int MaxBody = 64 * 1024;
    private const int MaxMessage = 2048;

    /// <summary>Code and message as Docker joins them.</summary>
    internal string Text => Code.Length == 0
        ? Message
        : $"{Code.ToLowerInvariant().Replace('_', ' ')}: {Message}";

    /// <summary>Reads an answer that is no success.</summary>
    internal static async Task<Refusal> ReadAsync(Answer answer, TimeProvider time, CancellationToken ct)
    {
        var status = (int)answer.Response.StatusCode;
        var retryAfter = Failures.RetryAfter.Of(answer.Response, time);
        if (status is < 400 or >= 500)
        {
            var reason = answer.Response.ReasonPhrase;
            if (string.IsNullOrEmpty(reason)) reason = answer.Response.StatusCode.ToString();
            return new Refusal(status, "", $"received unexpected HTTP status: {status} {Clean(reason)} ({answer.What})", retryAfter);
        }

        if (FromChallenge(answer.Response) is { } told) return new Refusal(status, told.Code, told.Message, retryAfter);
        var body = await answer.ReadStartAsync(MaxBody, ct);
        var (code, message) = FromBody(answer.Response, body);
        return new Refusal(status, code, message, retryAfter);
    }

    /// <summary>A text of a stranger, fit for a terminal and a log line.</summary>
    internal static string Clean(string text)
    {
        var length = Math.Min(text.Length, MaxMessage);
        return string.Create(length, text, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++) target[i] = char.IsControl(source[i]) ? ' ' : source[i];
        }).Trim();
    }

    // RFC 6750, section 3: a bearer challenge may tell why the token did not do.
    private static (string Code, string Message)? FromChallenge(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.Unauthorized) return null;
        foreach (var challenge in Challenge.Of(response))
        {
            if (challenge.Scheme != Challenge.Bearer) continue;
            var code = challenge["error"] switch
            {
                "invalid_token" => RegistryCodes.Unauthorized,
                "insufficient_scope" => RegistryCodes.Denied,
                _ => null,
            };
            if (code is null) continue;
            var description = Clean(challenge["error_description"] ?? "");
            return (code, description.Length > 0 ? description : RegistryCodes.MessageOf(code)!);
        }

        return null;
    }

    private static (string Code, string Message) FromBody(HttpResponseMessage response, byte[] body)
    {
        if (response.Content.Headers.ContentType?.MediaType is "application/json" or "application/vnd.api+json")
        {
            try
            {
                var document = JsonSerializer.Deserialize(body, DistributionJson.Default.ErrorDocument);
                if (document?.Details is { ValueKind: JsonValueKind.String } details && details.GetString() is { Length: > 0 } text)
                    return (ByStatus(response.StatusCode), Clean(text));
                if (document?.Errors is [{ } first, ..])
                {
                    var code = first.Code is { } known && RegistryCodes.MessageOf(known) is not null ? known : RegistryCodes.Unknown;
                    var message = Clean(first.Message ?? "");
                    return (code, message.Length > 0 ? message : RegistryCodes.MessageOf(code)!);
                }
            }
            catch (JsonException)
            {
                // Not what it says it is: its status speaks for itself.
            }

            var byStatus = ByStatus(response.StatusCode);
            return (byStatus, RegistryCodes.MessageOf(byStatus)!);
        }

        var fallback = ByStatus(response.StatusCode);

        // A proxy's web page is no sentence.
        if (response.Content.Headers.ContentType?.MediaType == "text/html") return (fallback, $"{(int)response.StatusCode} {Clean(response.ReasonPhrase ?? "")}");
        var plain = Clean(Encoding.UTF8.GetString(body));
        return (fallback, plain.Length > 0 ? plain : RegistryCodes.MessageOf(fallback)!);
    }

    private static string ByStatus(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => RegistryCodes.Unauthorized,
        HttpStatusCode.Forbidden => RegistryCodes.Denied,
        HttpStatusCode.TooManyRequests => RegistryCodes.TooManyRequests,
        _ => RegistryCodes.Unknown,
    };
}

using System.Text;
using System.Text.Json;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Errors;

namespace Tare.Distribution.Authentication;

/// <summary>Fetches bearer tokens (Docker's token authentication specification; with an identity token OAuth2, RFC 6749, section 6).</summary>
internal sealed class TokenServer(Sender sender)
{
    private const string ClientId = "docker"; // the one that Docker Hub and others know
    private const int MinimumLife = 60; // seconds: a token that says less lives that long all the same (Docker's client does not ask earlier)
    private const int MaximumLife = 24 * 3600;

    /// <summary>Fetches one.</summary>
    /// <exception cref="RegistryException">The server refuses, or gives none.</exception>
    internal async Task<Token> FetchAsync(TokenRequest request, CancellationToken ct)
    {
        if (!Uri.TryCreate(request.Realm, UriKind.Absolute, out var realm) || (realm.Scheme != Uri.UriSchemeHttp && realm.Scheme != Uri.UriSchemeHttps))
            throw Failed($"{request.Endpoint.Host} names a token server that is none: \"{Refusal.Clean(request.Realm)}\"");
        if (realm.Scheme == Uri.UriSchemeHttp && request.Endpoint.IsHttps && !request.Endpoint.IsInsecure && !request.Credentials.IsAnonymous)
            throw Failed($"{request.Endpoint.Host} wants credentials sent to {realm.Authority} without TLS, which is refused");

        var place = new Endpoint(realm.GetLeftPart(UriPartial.Authority), request.Endpoint.IsInsecure);
        var asked = sender.Time.GetUtcNow();
        var refresh = request.Credentials.IdentityToken;
        using var answer = refresh.Length > 0
            ? await sender.SendAsync(Post(realm, request), place, null, ct)
            : await sender.SendAsync(Get(realm, request), place, BasicHeader(request.Credentials), ct);
        if (!answer.Response.IsSuccessStatusCode)
        {
            var refusal = await Refusal.ReadAsync(answer, sender.Time, ct);
            throw new RegistryException(
                refusal.Status == 401 ? ErrorKind.Unauthorized : ErrorKind.Internal, refusal.Text, refusal.Code, refusal.Status)
            {
                RetryAfter = refusal.RetryAfter,
                IsTransient = refusal.Status >= 500,
            };
        }

        var document = Read(await answer.ReadAsync(Limits.Token, "the token", ct));
        var value = string.IsNullOrEmpty(document.AccessToken) ? document.Token : document.AccessToken;
        if (string.IsNullOrEmpty(value)) throw Failed("authorization server did not include a token in the response");
        if (!IsHeaderValue(value)) throw Failed($"{realm.Authority} has sent a token that cannot be one");
        var life = Math.Clamp(document.ExpiresIn ?? 0, MinimumLife, MaximumLife);
        return new Token(value, document.RefreshToken ?? "", asked + TimeSpan.FromSeconds(life));
    }

    /// <summary>Name and password as a header; <see langword="null"/> if there are none.</summary>
    internal static string? BasicHeader(Credentials credentials) => credentials.Username.Length == 0 || credentials.Password.Length == 0
        ? null
        : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.Username}:{credentials.Password}"));

    /// <summary>Whether a token may stand in a header.</summary>
    internal static bool IsHeaderValue(string token) => !token.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static RegistryRequest Get(Uri realm, TokenRequest request)
    {
        var query = new StringBuilder();
        if (request.Service.Length > 0) Add(query, "service", request.Service);
        foreach (var scope in request.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries)) Add(query, "scope", scope);
        if (request.Offline)
        {
            Add(query, "offline_token", "true");
            Add(query, "client_id", ClientId);
        }

        if (BasicHeader(request.Credentials) is not null) Add(query, "account", request.Credentials.Username);
        var before = realm.Query.TrimStart('?');
        if (before.Length > 0) query.Insert(0, before + (query.Length > 0 ? "&" : ""));
        return new RegistryRequest(HttpMethod.Get, new UriBuilder(realm) { Query = query.ToString() }.Uri);
    }

    private static RegistryRequest Post(Uri realm, TokenRequest request)
    {
        var form = new StringBuilder();
        Add(form, "grant_type", "refresh_token");
        Add(form, "refresh_token", request.Credentials.IdentityToken);
        Add(form, "service", request.Service);
        Add(form, "scope", request.Scope);
        Add(form, "client_id", ClientId);
        return new RegistryRequest(HttpMethod.Post, realm)
        {
            Content = Encoding.UTF8.GetBytes(form.ToString()),
            ContentType = "application/x-www-form-urlencoded",
            HasSecretContent = true,
        };
    }

    private static void Add(StringBuilder text, string name, string value)
    {
        if (text.Length > 0) text.Append('&');
        text.Append(name).Append('=').Append(Uri.EscapeDataString(value));
    }

    private static TokenDocument Read(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize(content, DistributionJson.Default.TokenDocument) ?? new TokenDocument();
        }
        catch (JsonException e)
        {
            throw Failed($"unable to decode token response: {Refusal.Clean(e.Message)}");
        }
    }

    private static RegistryException Failed(string message) => new(ErrorKind.Internal, message);
}

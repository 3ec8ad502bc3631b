using Tare.Distribution.Endpoints;
using Tare.Errors;

namespace Tare.Distribution.Authentication;

/// <summary>Answers the challenges of one endpoint for one who asks. Thread-safe.</summary>
internal sealed class Authorizer(ChallengeMemory memory, TokenCache tokens, Endpoint endpoint, Credentials credentials, IReadOnlyList<string> scopes, bool offline = false)
{
    private volatile IReadOnlyList<string> _scopes = scopes;
    private volatile string _refreshToken = "";

    /// <summary>A refresh token that came along with a token; empty if none did.</summary>
    internal string RefreshToken => _refreshToken;

    /// <summary>The header Authorization; <see langword="null"/> if the endpoint has not asked for one yet.</summary>
    /// <param name="extraScope">A scope beyond those of all requests.</param>
    /// <param name="refused">A header that has just been refused.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="RegistryException">There is nothing to answer with.</exception>
    internal async ValueTask<string?> HeaderAsync(string extraScope, string? refused, CancellationToken ct)
    {
        var challenges = memory.Of(endpoint.Base);
        if (challenges.Count == 0) return null;
        if (challenges.FirstOrDefault(challenge => challenge.Scheme == Challenge.Bearer) is { } bearer)
        {
            if (credentials.RegistryToken.Length > 0)
            {
                return TokenServer.IsHeaderValue(credentials.RegistryToken)
                    ? "Bearer " + credentials.RegistryToken
                    : throw TareException.Invalid("the registry token holds characters that a token cannot hold");
            }

            if (bearer["realm"] is not { } realm) throw new RegistryException(ErrorKind.Internal, "no realm specified for token auth challenge");
            var all = Scopes.Join(_scopes, [extraScope]);
            var request = new TokenRequest(endpoint, realm, bearer["service"] ?? "", string.Join(' ', all), credentials, offline);
            var token = await tokens.GetAsync(request, refused?["Bearer ".Length..], ct);
            if (token.RefreshToken.Length > 0) _refreshToken = token.RefreshToken;
            return "Bearer " + token.Value;
        }

        if (challenges.All(challenge => challenge.Scheme != Challenge.Basic)) return null;
        return TokenServer.BasicHeader(credentials) ?? throw new RegistryException(ErrorKind.Internal, "no basic auth credentials", "", 401);
    }

    /// <summary>The endpoint lets everybody in: it may be another one at the same address, and the old one's token server may be gone.</summary>
    internal void Forget() => memory.Learn(endpoint.Base, []);

    /// <summary>Notes what the endpoint asks for.</summary>
    /// <param name="response">The refusal.</param>
    /// <param name="extraScope">The scope that this request alone needs.</param>
    /// <returns>Whether it is something that can be answered.</returns>
    internal bool Learn(HttpResponseMessage response, string extraScope = "")
    {
        var challenges = Challenge.Of(response).Where(challenge => challenge.Scheme is Challenge.Bearer or Challenge.Basic).ToArray();
        if (challenges.Length == 0) return false;
        memory.Learn(endpoint.Base, challenges);

        // A proxy may know the repository by another name than its address says.
        if (challenges.FirstOrDefault(challenge => challenge.Scheme == Challenge.Bearer)?["scope"] is { Length: > 0 } wanted)
        {
            _scopes = Scopes.Join(
                _scopes, wanted.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(scope => extraScope.Length == 0 || !Scopes.Covers(extraScope, scope)));
        }

        return true;
    }
}

using System.Text;
using Microsoft.AspNetCore.Http;
using Tare.Registry.Http;

namespace Tare.Registry.Access;

/// <summary>
/// Gives out tokens: <c>GET /token?service=…&amp;scope=repository:NAME:pull,push</c> with a name and a password or without, and its OAuth2
/// form by POST (Docker's token authentication specification).
/// </summary>
internal sealed class TokenEndpoint(Gatekeeper gatekeeper, Tokens? tokens, TimeProvider time)
{
    private const int LongestForm = 64 * 1024;

    internal async Task ServeAsync(Exchange exchange)
    {
        if (tokens is null) throw RefusalException.NotFound();
        if (exchange.Method == HttpMethods.Get)
        {
            var caller = Caller.Nobody;
            if (exchange.RequestHeaders.Authorization.ToString() is { Length: > 0 } header)
            {
                if (AuthorizationHeader.Basic(header) is not var (user, password)) throw RefusalException.Unauthorized("a name and a password are needed");
                caller = await gatekeeper.LogInAsync(user, password, exchange.Gone);
            }

            await AnswerAsync(exchange, caller, exchange.Query);
            return;
        }

        if (exchange.Method != HttpMethods.Post) throw exchange.NotAllowed("GET, POST");
        var form = Query.Parse(Encoding.UTF8.GetString((await exchange.ReadBodyAsync(LongestForm, "the form")).Span));
        // Clients that get this go on by GET: there are no refresh tokens here.
        if (form["grant_type"] != "password") throw new RefusalException(StatusCodes.Status405MethodNotAllowed, "UNSUPPORTED", "only the grant type password is supported");
        await AnswerAsync(exchange, await gatekeeper.LogInAsync(form["username"] ?? "", form["password"] ?? "", exchange.Gone), form);
    }

    /// <summary>Reads scopes, <c>repository:NAME:ACTION,…</c>, several in one value or in several; others are ignored.</summary>
    internal static IEnumerable<(string Repository, string[] Actions)> ParseScopes(IEnumerable<string> values)
    {
        foreach (var scope in values.SelectMany(value => value.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            var first = scope.IndexOf(':', StringComparison.Ordinal);
            var last = scope.LastIndexOf(':');
            if (first < 0 || last <= first) continue;
            var type = scope[..first];
            if (type != "repository" && !type.StartsWith("repository(", StringComparison.Ordinal)) continue;
            var name = scope[(first + 1)..last];
            if (RepositoryName.IsValid(name)) yield return (name, scope[(last + 1)..].Split(','));
        }
    }

    private Task AnswerAsync(Exchange exchange, Caller caller, Query query)
    {
        exchange.Caller = caller;
        var grants = new List<Grant>();
        foreach (var (repository, actions) in ParseScopes(query.All("scope")))
        {
            bool Allowed(string word, RepositoryAction action) => (actions.Contains(word) || actions.Contains("*")) && gatekeeper.Rules.Allows(caller.Name, repository, action);
            var grant = new Grant(repository, Allowed("pull", RepositoryAction.Read), Allowed("push", RepositoryAction.Write), Allowed("delete", RepositoryAction.Delete));
            if (grant is not { Read: false, Write: false, Delete: false }) grants.Add(grant);
        }

        var token = tokens!.Issue(caller.Name, grants);
        exchange.Headers.CacheControl = "no-store";
        return exchange.JsonAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("token", token);
            json.WriteString("access_token", token);
            json.WriteNumber("expires_in", (long)Tokens.Lifetime.TotalSeconds);
            json.WriteString("issued_at", time.GetUtcNow().UtcDateTime);
            json.WriteEndObject();
        });
    }
}

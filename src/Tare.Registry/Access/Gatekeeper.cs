using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tare.Registry.Http;

namespace Tare.Registry.Access;

/// <summary>Finds out who asks, and whether that may be done.</summary>
/// <param name="rules">Who may do what.</param>
/// <param name="passwords">The users; null without any.</param>
/// <param name="tokens">Tokens of ours; null where each request carries the password.</param>
internal sealed class Gatekeeper(AccessRules rules, PasswordCheck? passwords, Tokens? tokens)
{
    private const string Realm = "Tare registry";

    /// <summary>Whether tokens are what clients are asked for.</summary>
    internal bool UsesTokens => tokens is not null;

    internal AccessRules Rules => rules;

    /// <summary>Whether somebody may see that a repository is there.</summary>
    internal bool MaySee(Caller caller, string repository) => rules.Allows(caller.Name, repository, RepositoryAction.Read);

    /// <summary>Whether somebody may do something, by name or by the token that came along.</summary>
    internal bool May(Caller caller, string repository, RepositoryAction action)
    {
        if (caller.Grants is null) return rules.Allows(caller.Name, repository, action);
        foreach (var grant in caller.Grants)
        {
            if (grant.Repository == repository && grant.Allows(action)) return true;
        }

        return false;
    }

    /// <summary>Lets a request through, with <see cref="Exchange.Caller"/> set.</summary>
    /// <exception cref="RefusalException">401: who asks has to be known, or is somebody else; 403: it is known, and may not.</exception>
    internal async ValueTask AdmitAsync(Exchange exchange)
    {
        var endpoint = exchange.Route.Endpoint;
        if (exchange.Name.Length > 0 && !RepositoryName.IsValid(exchange.Name))
            throw exchange.Route.IsApi ? RefusalException.NameInvalid(exchange.Name) : RefusalException.NotFound();
        if (!rules.Enabled || endpoint is RouteKind.Health or RouteKind.Style or RouteKind.SearchPing or RouteKind.Token) return;

        await IdentifyAsync(exchange);
        var caller = exchange.Caller;
        switch (endpoint)
        {
            case RouteKind.Base or RouteKind.Metrics or RouteKind.Login:
                if (caller.IsNobody) throw RefusalException.Unauthorized("authentication required");
                break;
            case RouteKind.Catalog or RouteKind.Search or RouteKind.Home:
                // Each shows what the caller may see. Where that cannot be anything, somebody without a name is asked for one.
                if (caller.IsNobody && !rules.HasPublic) throw RefusalException.Unauthorized("authentication required");
                break;
            case RouteKind.None:
                break;
            default:
                Admit(exchange, ActionOf(exchange));
                break;
        }
    }

    /// <summary>Tells a client how to say who asks.</summary>
    internal void Challenge(Exchange exchange) => exchange.Headers.WWWAuthenticate = ChallengeOf(exchange);

    /// <summary>Checks a name and a password.</summary>
    /// <exception cref="RefusalException">They are wrong.</exception>
    internal async ValueTask<Caller> LogInAsync(string user, string password, CancellationToken cancellationToken)
    {
        if (passwords is not null && await passwords.IsRightAsync(user, password, cancellationToken)) return new Caller(user);
        throw RefusalException.Unauthorized("unknown user or wrong password");
    }

    private static RepositoryAction ActionOf(Exchange exchange)
    {
        if (exchange.Method == HttpMethods.Get || exchange.Method == HttpMethods.Head)
            return exchange.Route.Endpoint is RouteKind.Upload or RouteKind.Uploads ? RepositoryAction.Write : RepositoryAction.Read;
        return exchange.Method == HttpMethods.Delete && exchange.Route.Endpoint != RouteKind.Upload ? RepositoryAction.Delete : RepositoryAction.Write;
    }

    private void Admit(Exchange exchange, RepositoryAction action)
    {
        var caller = exchange.Caller;
        if (May(caller, exchange.Name, action)) return;
        // A token may simply be for something else: the client gets another one for what the challenge names.
        if (caller.IsNobody || caller.Grants is not null) throw RefusalException.Unauthorized("authentication required");
        throw RefusalException.Denied("requested access to the resource is denied");
    }

    private async ValueTask IdentifyAsync(Exchange exchange)
    {
        var header = exchange.RequestHeaders.Authorization.ToString();
        if (header.Length == 0) return;
        if (AuthorizationHeader.Bearer(header) is { } token)
        {
            exchange.Caller = tokens?.Read(token) ?? throw RefusalException.Unauthorized("the token is not valid, or not any more");
            return;
        }

        // Clients without a password answer the challenge by an empty one.
        if (AuthorizationHeader.Basic(header) is var (user, password) && user.Length > 0) exchange.Caller = await LogInAsync(user, password, exchange.Gone);
    }

    private StringValues ChallengeOf(Exchange exchange)
    {
        // People and search have no use for tokens.
        if (!UsesTokens || !exchange.Route.IsApi || exchange.Route.Endpoint is RouteKind.Search or RouteKind.Metrics or RouteKind.Token) return $"Basic realm=\"{Realm}\", charset=\"UTF-8\"";
        var challenge = $"Bearer realm=\"{exchange.Origin}/token\",service=\"{exchange.Host}\"";
        if (exchange.Name.Length > 0)
        {
            var actions = ActionOf(exchange) switch { RepositoryAction.Read => "pull", RepositoryAction.Write => "pull,push", _ => "delete" };
            challenge += $",scope=\"repository:{exchange.Name}:{actions}\"";
            if (exchange.Caller.Grants is not null) challenge += ",error=\"insufficient_scope\"";
        }
        else if (exchange.Route.Endpoint == RouteKind.Catalog)
        {
            challenge += ",scope=\"registry:catalog:*\"";
        }

        return challenge;
    }
}

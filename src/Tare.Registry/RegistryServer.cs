using Tare.Errors;
using Tare.Registry.Access;
using Tare.Registry.Control;
using Tare.Registry.Hosting;
using Tare.Registry.Http;
using Tare.Registry.Manifests;
using Tare.Registry.Metrics;
using Tare.Registry.Search;
using Tare.Registry.Uploads;
using Tare.Registry.Blobs;
using Tare.Registry.Cache;
using Tare.Registry.Collection;
using Tare.Registry.Web;

namespace Tare.Registry;

/// <summary>The distribution server.</summary>
public static class RegistryServer
{
    /// <summary>Serves a registry until the token is cancelled; then requests that are under way may end.</summary>
    /// <exception cref="TareException">It cannot start; nothing is left listening.</exception>
    public static async Task RunAsync(ServerOptions options, CancellationToken cancellationToken)
    {
        // A wrong option leaves no folder.
        foreach (var address in options.Listen) ListenAddress.Parse(address);
        var tls = TlsServer.Create(options);
        using var parts = RegistryParts.Open(options);
        using var passwords = options.HtpasswdFile is { } users ? new PasswordCheck(users, options.Time, options.Log) : null;
        if (passwords is null && options.Authentication == AuthenticationScheme.Token) throw TareException.Invalid("--auth token needs users: give --htpasswd too");
        var tokens = options.Authentication == AuthenticationScheme.Token ? new Tokens(TokenKey.Load(options.Root), options.Time) : null;
        var gatekeeper = new Gatekeeper(new AccessRules(parts.Config, passwords is not null), passwords, tokens);
        if (!gatekeeper.Rules.Enabled) options.Log(RegistryLogLevel.Warning, "everybody who reaches this registry may push, pull and delete: give it --htpasswd or rules");

        foreach (var notice in Sweeper.Run(parts.Database, parts.Files, parts.Uploads)) options.Log(RegistryLogLevel.Warning, notice);
        await using var control = ControlSocket.Open(options.Root, parts.CarryOutAsync);
        await using var accessLog = new AccessLog(options.AccessLog, options.Time);
        using var upstreams = new Upstreams(parts.Config, options);
        await using var blobCache = new BlobCache(upstreams, parts.Database, parts.Files, parts.Metrics, options);
        var cache = new PullThrough(upstreams, new ManifestCache(upstreams, parts.Database, parts.Metrics, options), blobCache);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var housekeeping = new Housekeeping(parts.Collector, parts.Retention, parts.Pulls, options).RunAsync(stop.Token);
        try
        {
            await KestrelHost.RunAsync(Compose(parts, gatekeeper, tokens, cache, accessLog, options), tls, options, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await housekeeping;
            parts.Pulls.Flush();
        }
    }

    private static RegistryApplication Compose(RegistryParts parts, Gatekeeper gatekeeper, Tokens? tokens, PullThrough cache, AccessLog accessLog, ServerOptions options)
    {
        var (database, time) = (parts.Database, options.Time);
        var leases = new Leases(options.CollectionGrace);
        var search = new SearchEndpoint(database, gatekeeper);
        var endpoints = new Endpoints
        {
            Blobs = new BlobEndpoint(database, parts.Files, leases, cache, time),
            Uploads = new UploadEndpoint(parts.Uploads, database, gatekeeper, parts.Quotas, cache, time),
            Manifests = new ManifestEndpoint(database, parts.Pulls, leases, parts.Quotas, cache, parts.Metrics, time),
            Tags = new TagEndpoint(database, cache),
            Referrers = new ReferrersEndpoint(database),
            Catalog = new CatalogEndpoint(database, gatekeeper),
            Search = search,
            Token = new TokenEndpoint(gatekeeper, tokens, time),
            Metrics = new MetricsEndpoint(database, parts.Metrics),
            Web = new WebEndpoint(database, parts.Files, search, gatekeeper),
        };
        return new RegistryApplication(endpoints, gatekeeper, parts.Metrics, accessLog, options);
    }
}

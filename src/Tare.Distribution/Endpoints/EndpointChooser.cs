using Tare.Errors;

namespace Tare.Distribution.Endpoints;

/// <summary>The mirrors and the registry of one name, in the order in which they are asked. Thread-safe.</summary>
/// <param name="domain">The domain of the name.</param>
/// <param name="mirrors">The base addresses of its mirrors.</param>
/// <param name="insecure">Who may be insecure.</param>
/// <param name="open">Makes a session with an endpoint.</param>
internal sealed class EndpointChooser(string domain, IReadOnlyList<string> mirrors, InsecureRegistries insecure, Func<Endpoint, EndpointSession> open)
{
    private readonly Lock _lock = new();
    private IReadOnlyList<EndpointSession>? _mirrors;
    private Task<EndpointSession>? _registry;

    /// <summary>The host that answered last, or the registry's.</summary>
    internal string Host { get; private set; } = RegistryHosts.Of(domain);

    /// <summary>Asks the mirrors and then the registry, until one has it.</summary>
    /// <param name="ask">Asks one endpoint.</param>
    /// <param name="isFound">Whether an answer is what was looked for; the registry's answer is the last one anyway.</param>
    /// <param name="ct">Ends it.</param>
    internal async Task<T> ReadAsync<T>(Func<EndpointSession, Task<T>> ask, Func<T, bool> isFound, CancellationToken ct)
    {
        foreach (var mirror in await MirrorsAsync(ct))
        {
            try
            {
                var found = await ask(mirror);
                if (!isFound(found)) continue;
                Host = mirror.Endpoint.Host;
                return found;
            }
            catch (TareException e)
            {
                GiveUp(mirror, e);
            }
        }

        var registry = await RegistryAsync(ct);
        var result = await ask(registry);
        Host = registry.Endpoint.Host;
        return result;
    }

    /// <summary>The mirrors that have not failed to answer.</summary>
    internal async ValueTask<IReadOnlyList<EndpointSession>> MirrorsAsync(CancellationToken ct)
    {
        if (_mirrors is { } known) return known;
        var sessions = new List<EndpointSession>();
        foreach (var mirror in mirrors)
        {
            var address = RegistryAddresses.ParseMirror(mirror).TrimEnd('/');
            sessions.Add(open(new Endpoint(address, await insecure.ContainsAsync(new Uri(address).Authority, ct), domain)));
        }

        return _mirrors = sessions;
    }

    /// <summary>A mirror where nobody is at home is not asked again.</summary>
    internal void GiveUp(EndpointSession mirror, Exception reason)
    {
        if (reason is RegistryException { IsUnreachable: true } && _mirrors is { } known) _mirrors = [.. known.Where(other => other != mirror)];
    }

    /// <summary>The registry itself. One that may be insecure is asked by TLS and then without, as Docker does.</summary>
    internal Task<EndpointSession> RegistryAsync(CancellationToken ct)
    {
        lock (_lock)
        {
            // What has failed is tried anew by the next who asks; what is under way is everybody's and ends with nobody's token.
            if (_registry is null or { IsFaulted: true } or { IsCanceled: true }) _registry = Task.Run(() => FindRegistryAsync(CancellationToken.None), CancellationToken.None);
            return _registry.WaitAsync(ct);
        }
    }

    private async Task<EndpointSession> FindRegistryAsync(CancellationToken ct)
    {
        var host = RegistryHosts.Of(domain);
        var isInsecure = host == domain && await insecure.ContainsAsync(host, ct);
        var session = open(new Endpoint($"https://{host}", isInsecure));
        if (isInsecure) session = await SettleAsync(session, host, ct);
        Host = session.Endpoint.Host;
        return session;
    }

    private async Task<EndpointSession> SettleAsync(EndpointSession session, string host, CancellationToken ct)
    {
        try
        {
            await session.PingAsync(ct);
            return session;
        }
        catch (RegistryException e) when (e.IsUnreachable)
        {
            var plain = open(new Endpoint($"http://{host}", IsInsecure: true));
            await plain.PingAsync(ct);
            return plain;
        }
    }
}

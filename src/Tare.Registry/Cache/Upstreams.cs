using System.Collections.Concurrent;
using Tare.Distribution;
using Tare.Errors;
using Tare.Oci;
using Tare.Registry.Configuration;

namespace Tare.Registry.Cache;

/// <summary>The registries behind this one: which repository is whose, and who has lately not answered. Thread-safe.</summary>
internal sealed class Upstreams(ConfigFile config, ServerOptions options) : IDisposable
{
    /// <summary>Who has not answered is not asked again for so long, where what is here can be served instead.</summary>
    private static readonly TimeSpan AwayTime = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, long> away = new(StringComparer.Ordinal);
    private readonly List<RegistryClient> clients = [];
    private readonly Lock gate = new();
    private RegistryConfig? clientFor;

    /// <summary>The upstream that a repository belongs to, by the longest prefix; null for one of our own.</summary>
    internal UpstreamConfig? Of(string repository)
    {
        UpstreamConfig? best = null;
        foreach (var upstream in config.Current.Upstreams)
        {
            if (!repository.StartsWith(upstream.Prefix, StringComparison.Ordinal) || repository.Length == upstream.Prefix.Length) continue;
            if (best is null || upstream.Prefix.Length > best.Prefix.Length) best = upstream;
        }

        return best;
    }

    /// <summary>Opens a repository of an upstream; nothing is sent yet.</summary>
    /// <exception cref="TareException">Its name cannot be one there, or the file of its password cannot be read.</exception>
    internal RepositoryClient Open(UpstreamConfig upstream, string repository)
    {
        var name = Reference.Parse($"{upstream.Registry}/{repository[upstream.Prefix.Length..]}");
        return Client().Open(name, CredentialsOf(upstream), RepositoryAccess.Pull);
    }

    internal bool IsAway(UpstreamConfig upstream) => away.TryGetValue(upstream.Registry, out var until) && options.Time.GetTimestamp() < until;

    /// <summary>Notes that an upstream did not answer.</summary>
    internal void Missed(UpstreamConfig upstream, Exception error)
    {
        var until = options.Time.GetTimestamp() + (long)(AwayTime.TotalSeconds * options.Time.TimestampFrequency);
        if (!IsAway(upstream)) options.Log(RegistryLogLevel.Warning, $"the upstream {upstream.Registry} does not answer, what is here is served: {error.Message}");
        away[upstream.Registry] = until;
    }

    public void Dispose()
    {
        foreach (var client in clients) client.Dispose();
    }

    private static Credentials CredentialsOf(UpstreamConfig upstream)
    {
        if (string.IsNullOrEmpty(upstream.Username)) return Credentials.Anonymous;
        try
        {
            return new Credentials(upstream.Username, upstream.PasswordFile is { } path ? File.ReadLines(path).FirstOrDefault("") : "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TareException.Internal($"the password for the upstream {upstream.Registry} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The client for the configuration as it is. One from before goes on with what it has begun.</summary>
    private RegistryClient Client()
    {
        lock (gate)
        {
            var current = config.Current;
            if (ReferenceEquals(current, clientFor)) return clients[^1];
            clientFor = current;
            var insecure = current.Upstreams.Where(upstream => upstream.Insecure).Select(upstream => upstream.Registry).ToList();
            clients.Add(new RegistryClient(new RegistryOptions { UserAgent = $"tare-registry/{options.Version}", InsecureRegistries = insecure }, options.Time));
            return clients[^1];
        }
    }
}

using Tare.Errors;
using Tare.Registry.Http;

namespace Tare.Registry.Configuration;

/// <summary>What is wrong with a configuration is said when it is read, and not when it is first needed.</summary>
internal static class ConfigChecks
{
    /// <exception cref="TareException">Something is wrong.</exception>
    internal static void Check(RegistryConfig config, string path)
    {
        foreach (var rule in config.Rules ?? [])
        {
            foreach (var name in rule.Read.Concat(rule.Write).Concat(rule.Delete)) CheckName(config, path, name);
        }

        foreach (var name in config.Admins) CheckName(config, path, name);
        foreach (var quota in config.Quotas) _ = Quantities.Size(quota.Size, $"{path}: the size of the quota for {quota.Repository}");
        foreach (var rule in config.Retention)
        {
            if (rule.KeepLast < 0) throw TareException.Invalid($"{path}: keepLast of the retention for {rule.Repository} is negative");
            if (rule is { KeepLast: 0, OlderThan: null, NotPulledFor: null })
                throw TareException.Invalid($"{path}: the retention for {rule.Repository} would remove every tag at once: give it keepLast, olderThan or notPulledFor");
            if (rule.OlderThan is { } age) _ = Quantities.Span(age, $"{path}: olderThan of the retention for {rule.Repository}");
            if (rule.NotPulledFor is { } rest) _ = Quantities.Span(rest, $"{path}: notPulledFor of the retention for {rule.Repository}");
        }

        var prefixes = new HashSet<string>(StringComparer.Ordinal);
        foreach (var upstream in config.Upstreams)
        {
            _ = Quantities.Span(upstream.Fresh, $"{path}: fresh of the upstream {upstream.Registry}");
            if (upstream.Prefix.Length > 0 && (!upstream.Prefix.EndsWith('/') || !RepositoryName.IsValid(upstream.Prefix.AsSpan(0, upstream.Prefix.Length - 1))))
                throw TareException.Invalid($"{path}: the prefix \"{upstream.Prefix}\" of the upstream {upstream.Registry} is no name with a slash at its end, such as hub/");
            if (!prefixes.Add(upstream.Prefix)) throw TareException.Invalid($"{path}: two upstreams have the prefix \"{upstream.Prefix}\"");
        }
    }

    private static void CheckName(RegistryConfig config, string path, string name)
    {
        if (name.StartsWith('@') && !config.Groups.ContainsKey(name[1..])) throw TareException.Invalid($"{path}: the group {name} is not there; define it under groups");
    }
}

namespace Tare.Distribution.Authentication;

/// <summary>Scopes of tokens: <c>type:name:action[,action…]</c> (Docker's token authentication specification, "Requesting a Token").</summary>
internal static class Scopes
{
    private const int Max = 16;

    /// <summary>The scope of a repository.</summary>
    internal static string Repository(string path, RepositoryAccess access) =>
        $"repository:{path}:{(access == RepositoryAccess.Pull ? "pull" : "pull,push")}";

    /// <summary>The scopes together with others, where those ask for more than is asked for already.</summary>
    internal static IReadOnlyList<string> Join(IReadOnlyList<string> scopes, IEnumerable<string> more)
    {
        List<string>? joined = null;
        foreach (var scope in more)
        {
            var all = joined ?? scopes;
            if (scope.Length == 0 || all.Count >= Max || all.Any(has => Covers(has, scope))) continue;
            joined ??= [.. scopes];
            joined.Add(scope);
        }

        return joined ?? scopes;
    }

    /// <summary>Whether a scope asks for nothing that another one does not ask for.</summary>
    internal static bool Covers(string has, string wanted)
    {
        var split = wanted.LastIndexOf(':');
        if (split <= 0 || has.LastIndexOf(':') != split || !has.AsSpan(0, split).SequenceEqual(wanted.AsSpan(0, split)))
            return has == wanted;
        var actions = has[(split + 1)..].Split(',');
        return wanted[(split + 1)..].Split(',').All(actions.Contains);
    }
}

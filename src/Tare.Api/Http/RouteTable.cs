namespace Tare.Api.Http;

/// <summary>Answers one request.</summary>
internal delegate Task ApiHandler(ApiContext context);

/// <summary>One operation of the API.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Pattern">A path with at most one variable part, in braces, which may contain slashes: <c>/images/{name}/json</c>.</param>
/// <param name="Handler">What answers it.</param>
/// <param name="Since">The minor version that it came with, 0 if it was there before 1.24.</param>
internal sealed record Route(string Method, string Pattern, ApiHandler Handler, int Since = 0)
{
    private readonly string prefix = Pattern.IndexOf('{', StringComparison.Ordinal) is >= 0 and var open ? Pattern[..open] : Pattern;
    private readonly string? suffix = Pattern.IndexOf('}', StringComparison.Ordinal) is >= 0 and var close ? Pattern[(close + 1)..] : null;

    /// <summary>Whether the path is one of this operation, and what stands for the variable part.</summary>
    internal bool TryMatch(ReadOnlySpan<char> path, out Range variable)
    {
        variable = default;
        if (suffix is null)
            return path.SequenceEqual(prefix);
        if (path.Length < prefix.Length + suffix.Length || !path.StartsWith(prefix, StringComparison.Ordinal) || !path.EndsWith(suffix, StringComparison.Ordinal))
            return false;
        variable = prefix.Length..(path.Length - suffix.Length);
        return true;
    }
}

/// <summary>All operations. The first that matches answers, so the special ones come before the general.</summary>
internal sealed class RouteTable
{
    private readonly Dictionary<string, Route[]> byMethod;

    internal RouteTable(IEnumerable<Route> routes)
        => byMethod = routes.GroupBy(route => route.Method).ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);

    /// <summary>Finds the operation for a path without its version; null when there is none.</summary>
    internal Route? Find(string method, ReadOnlySpan<char> path, out Range variable)
    {
        variable = default;
        if (byMethod.TryGetValue(method, out var routes))
        {
            foreach (var route in routes)
            {
                if (route.TryMatch(path, out variable))
                    return route;
            }
        }

        return null;
    }
}

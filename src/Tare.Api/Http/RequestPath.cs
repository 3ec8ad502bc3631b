using System.Buffers;

namespace Tare.Api.Http;

/// <summary>A request's target in its parts: <c>/v1.50/containers/x/json?size=1</c>.</summary>
/// <param name="Path">The decoded path without its version.</param>
/// <param name="Version">The version in the path; null when there is none.</param>
/// <param name="QueryString">What stands behind the question mark, as it came.</param>
internal readonly record struct RequestPath(string Path, string? Version, string QueryString)
{
    private static readonly SearchValues<char> VersionDigits = SearchValues.Create("0123456789.");

    /// <exception cref="Errors.TareException">An escape that is none.</exception>
    internal static RequestPath Parse(string target)
    {
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var (rawPath, query) = question < 0 ? (target, string.Empty) : (target[..question], target[(question + 1)..]);
        // A name with a leading slash, as inspect shows it, makes two in a row. Docker redirects to the path with one; serving it at once
        // comes to the same, and also for a POST, which no client repeats elsewhere.
        while (rawPath.Contains("//", StringComparison.Ordinal))
            rawPath = rawPath.Replace("//", "/", StringComparison.Ordinal);
        var path = PercentEncoding.Decode(rawPath, plusIsSpace: false);
        if (!path.StartsWith("/v", StringComparison.Ordinal))
            return new RequestPath(path, null, query);

        var slash = path.IndexOf('/', 2);
        var end = slash < 0 ? path.Length : slash;
        var version = path.AsSpan(2, end - 2);
        return version.IsEmpty || version.ContainsAnyExcept(VersionDigits)
            ? new RequestPath(path, null, query)
            : new RequestPath(path[end..], version.ToString(), query);
    }
}

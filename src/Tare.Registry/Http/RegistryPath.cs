namespace Tare.Registry.Http;

/// <summary>What a path names.</summary>
internal enum RouteKind
{
    /// <summary>Nothing of ours.</summary>
    None = 0,

    /// <summary><c>/v2/</c></summary>
    Base,

    /// <summary><c>/v2/_catalog</c></summary>
    Catalog,

    /// <summary><c>/v2/NAME/tags/list</c></summary>
    Tags,

    /// <summary><c>/v2/NAME/manifests/REFERENCE</c></summary>
    Manifest,

    /// <summary><c>/v2/NAME/blobs/DIGEST</c></summary>
    Blob,

    /// <summary><c>/v2/NAME/blobs/uploads/</c></summary>
    Uploads,

    /// <summary><c>/v2/NAME/blobs/uploads/ID</c></summary>
    Upload,

    /// <summary><c>/v2/NAME/referrers/DIGEST</c></summary>
    Referrers,

    /// <summary><c>/token</c></summary>
    Token,

    /// <summary><c>/v1/search</c></summary>
    Search,

    /// <summary><c>/v1/_ping</c>, which clients ask before they search.</summary>
    SearchPing,

    /// <summary><c>/metrics</c></summary>
    Metrics,

    /// <summary><c>/healthz</c></summary>
    Health,

    /// <summary><c>/</c></summary>
    Home,

    /// <summary><c>/repository/NAME</c></summary>
    Page,

    /// <summary><c>/style.css</c></summary>
    Style,

    /// <summary><c>/login</c>: asks for a password, and leads back.</summary>
    Login,
}

/// <summary>A request's path, understood. Names contain slashes, and may contain the API's own words: what stands last decides.</summary>
/// <param name="Endpoint">What it names.</param>
/// <param name="Name">The repository, not yet looked at; empty without one.</param>
/// <param name="Reference">A tag, a digest or an upload's id, not yet looked at.</param>
internal readonly record struct RegistryPath(RouteKind Endpoint, string Name = "", string Reference = "")
{
    private const string Version2 = "/v2/";
    private const string Repository = "/repository/";

    /// <summary>Whether clients of the API ask, and not people.</summary>
    internal bool IsApi => Endpoint is not (RouteKind.None or RouteKind.Home or RouteKind.Page or RouteKind.Style or RouteKind.Login);

    internal static RegistryPath Parse(string path)
    {
        if (path.StartsWith(Version2, StringComparison.Ordinal)) return ParseVersion2(path, Version2.Length);
        if (path.StartsWith(Repository, StringComparison.Ordinal)) return new(RouteKind.Page, path[Repository.Length..]);
        return new(path switch
        {
            "/v2" => RouteKind.Base,
            "/" => RouteKind.Home,
            "/token" => RouteKind.Token,
            "/v1/search" => RouteKind.Search,
            "/v1/_ping" => RouteKind.SearchPing,
            "/metrics" => RouteKind.Metrics,
            "/healthz" => RouteKind.Health,
            "/style.css" => RouteKind.Style,
            "/login" => RouteKind.Login,
            _ => RouteKind.None,
        });
    }

    private static RegistryPath ParseVersion2(string path, int start)
    {
        if (path.Length == start) return new(RouteKind.Base);
        var rest = path.AsSpan(start);
        if (rest.SequenceEqual("_catalog")) return new(RouteKind.Catalog);
        foreach (var suffix in (ReadOnlySpan<string>)["/blobs/uploads/", "/blobs/uploads"])
        {
            if (rest.EndsWith(suffix, StringComparison.Ordinal)) return new(RouteKind.Uploads, rest[..^suffix.Length].ToString());
        }

        const string list = "/tags/list";
        if (rest.EndsWith(list, StringComparison.Ordinal)) return new(RouteKind.Tags, rest[..^list.Length].ToString());
        var slash = rest.LastIndexOf('/');
        if (slash <= 0) return new(RouteKind.None);
        var reference = rest[(slash + 1)..].ToString();
        var before = rest[..slash];
        return Ending(before, "/blobs/uploads", RouteKind.Upload, reference)
            ?? Ending(before, "/manifests", RouteKind.Manifest, reference)
            ?? Ending(before, "/blobs", RouteKind.Blob, reference)
            ?? Ending(before, "/referrers", RouteKind.Referrers, reference)
            ?? new RegistryPath(RouteKind.None);
    }

    private static RegistryPath? Ending(ReadOnlySpan<char> text, string word, RouteKind endpoint, string reference) =>
        text.Length > word.Length && text.EndsWith(word, StringComparison.Ordinal) ? new RegistryPath(endpoint, text[..^word.Length].ToString(), reference) : null;
}

namespace Tare.Distribution.Transport;

/// <summary>How long is waited, and for how much.</summary>
internal static class Limits
{
    /// <summary>For a connection, as Docker.</summary>
    internal static readonly TimeSpan Connect = TimeSpan.FromSeconds(30);

    /// <summary>For the next byte.</summary>
    internal static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);

    /// <summary>For the answer to something written: there are registries that copy a whole blob before they give it.</summary>
    internal static readonly TimeSpan Commit = TimeSpan.FromMinutes(10);

    /// <summary>The longest Retry-After that is waited for.</summary>
    internal static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(60);

    /// <summary>For a connection to a registry that may be without TLS: a plain server may wait for more of what it takes for a request.</summary>
    internal static readonly TimeSpan InsecureConnect = TimeSpan.FromSeconds(10);

    /// <summary>For a whole token: everybody who needs it waits for it.</summary>
    internal static readonly TimeSpan TokenExchange = TimeSpan.FromSeconds(60);

    /// <summary>For what tidies up when nobody waits for its result: an upload that is taken back, or the answer that tells where it is.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    internal const int Redirects = 10;
    internal const int Manifest = 4 * 1024 * 1024;
    internal const int Token = 1024 * 1024;
    internal const int Listing = 8 * 1024 * 1024;
}

namespace Tare.Distribution.Endpoints;

/// <summary>Takes <c>host[:port]</c> apart.</summary>
internal static class HostPort
{
    /// <summary>The host alone, without the brackets of an IPv6 address.</summary>
    internal static string Host(string hostPort)
    {
        if (hostPort.StartsWith('['))
        {
            var end = hostPort.IndexOf(']', StringComparison.Ordinal);
            return end < 0 ? hostPort : hostPort[1..end];
        }

        var colon = hostPort.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || hostPort.LastIndexOf(':') != colon ? hostPort : hostPort[..colon];
    }

    /// <summary>The host of what may also be an address with scheme and path.</summary>
    internal static string OfAddress(string address)
    {
        var scheme = address.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0) address = address[(scheme + 3)..];
        var slash = address.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? address : address[..slash];
    }
}

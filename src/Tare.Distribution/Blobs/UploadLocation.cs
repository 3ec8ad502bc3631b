using Tare.Distribution.Endpoints;
using Tare.Distribution.Transport;

namespace Tare.Distribution.Blobs;

/// <summary>Where an upload goes on: relative, absolute, or at another host, to which no credentials go.</summary>
internal static class UploadLocation
{
    /// <summary>Resolves the header Location of an answer.</summary>
    /// <remarks>A registry behind a proxy that ends TLS often names itself by plain HTTP: it is meant as it was reached.</remarks>
    internal static Uri Resolve(Uri from, string location, Endpoint endpoint)
    {
        if (from.Scheme == Uri.UriSchemeHttps && Uri.TryCreate(location, UriKind.Absolute, out var absolute) && absolute.Scheme == Uri.UriSchemeHttp
            && string.Equals(absolute.Host, from.Host, StringComparison.OrdinalIgnoreCase) && (absolute.Port == from.Port || absolute.IsDefaultPort))
        {
            return new UriBuilder(absolute) { Scheme = Uri.UriSchemeHttps, Port = from.Port }.Uri;
        }

        return Sender.Next(from, location, endpoint);
    }
}

namespace Tare.Distribution.Transport;

/// <summary>The certificate of a server is not to be trusted; the message says why, in the words of Go's crypto/x509.</summary>
internal sealed class CertificateRefusedException(string message) : Exception(message)
{
    /// <summary>Whether all that is wrong with it is that nobody vouches for it.</summary>
    internal bool IsUnknownAuthority { get; init; }
}

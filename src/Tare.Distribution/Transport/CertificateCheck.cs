using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tare.Distribution.Transport;

/// <summary>Trusts the authorities of the system and, for one host, some of its own.</summary>
internal sealed class CertificateCheck(X509Certificate2Collection authorities, TimeProvider time)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>The callback of TLS.</summary>
    /// <exception cref="CertificateRefusedException">It is not trusted.</exception>
    internal bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        if (certificate is not X509Certificate2 leaf) throw new CertificateRefusedException("tls: the server has no certificate");
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            var host = (sender as SslStream)?.TargetHostName ?? "";
            throw new CertificateRefusedException($"x509: certificate is valid for {Names(leaf, IPAddress.TryParse(host, out _))}, not {host}");
        }
        if (errors == SslPolicyErrors.RemoteCertificateChainErrors && authorities.Count > 0 && IsVouchedFor(leaf, chain)) return true;
        var now = time.GetUtcNow().UtcDateTime;
        if (now > leaf.NotAfter.ToUniversalTime())
            throw new CertificateRefusedException($"x509: certificate has expired or is not yet valid: current time {now:yyyy-MM-ddTHH:mm:ssZ} is after {leaf.NotAfter.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}");
        if (now < leaf.NotBefore.ToUniversalTime())
            throw new CertificateRefusedException($"x509: certificate has expired or is not yet valid: current time {now:yyyy-MM-ddTHH:mm:ssZ} is before {leaf.NotBefore.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}");
        throw new CertificateRefusedException("x509: certificate signed by unknown authority") { IsUnknownAuthority = true };
    }

    private bool IsVouchedFor(X509Certificate2 leaf, X509Chain? presented)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authorities);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        if (presented is not null) policy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        return chain.Build(leaf);
    }

    private static string Names(X509Certificate2 certificate, bool addresses)
    {
        foreach (var extension in certificate.Extensions)
        {
            if (extension is not X509SubjectAlternativeNameExtension names) continue;
            return string.Join(", ", (addresses ? names.EnumerateIPAddresses().Select(address => address.ToString()) : names.EnumerateDnsNames()).Take(20));
        }

        return certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
    }
}

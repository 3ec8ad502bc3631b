using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tare.EndToEnd.Harness.Registry;

/// <summary>An authority, and certificates that it vouches for, as PEM files.</summary>
internal static class Certificates
{
    /// <summary>Writes ca.crt, client.cert and client.key, which clients look for by these names, and server.pem and server-key.pem.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="address">The server's address.</param>
    public static void Write(string folder, string address = "127.0.0.1")
    {
        using RSA authorityKey = RSA.Create(2048);
        CertificateRequest request = new("CN=tests", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using X509Certificate2 authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(Path.Combine(folder, "ca.crt"), authority.ExportCertificatePem());
        Issue(authority, address, "server", "1.3.6.1.5.5.7.3.1", Path.Combine(folder, "server.pem"), Path.Combine(folder, "server-key.pem"));
        Issue(authority, address, "client", "1.3.6.1.5.5.7.3.2", Path.Combine(folder, "client.cert"), Path.Combine(folder, "client.key"));
    }

    private static void Issue(X509Certificate2 authority, string address, string name, string usage, string certificateFile, string keyFile)
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Parse(address));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        using X509Certificate2 certificate = request.Create(authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(20), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Tests.Harness;
using Tare.Distribution.Transport;
using Tare.Errors;

namespace Tare.Distribution.Tests.Transport;

/// <summary>Whom to trust: the endpoints here are not treated as loopback is.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tare-certs-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task An_unknown_authority_is_told_and_one_that_is_put_down_is_trusted_from_then_on()
    {
        using var certificate = SelfSigned("127.0.0.1");
        await using var server = new ScriptedServer(_ => Reply.Of(200), certificate);
        using var transports = Make();
        var error = await Assert.ThrowsAsync<RegistryException>(() => PingAsync(transports, server));
        Assert.StartsWith($"Get \"https://{server.Host}/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority", error.Message, StringComparison.Ordinal);
        Assert.Contains($"certs.d/{server.Host}/ca.crt", error.Message, StringComparison.Ordinal);

        Put(server.Host, "ca.crt", certificate.ExportCertificatePem());
        using var answer = await PingAsync(transports, server);
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task An_authority_is_trusted_for_its_host_alone()
    {
        using var certificate = SelfSigned("127.0.0.1");
        await using var server = new ScriptedServer(_ => Reply.Of(200), certificate);
        Put("other.example:5000", "ca.crt", certificate.ExportCertificatePem());
        using var transports = Make();
        await Assert.ThrowsAsync<RegistryException>(() => PingAsync(transports, server));
    }

    [Fact]
    public async Task A_certificate_that_an_authority_has_issued_is_trusted()
    {
        using var authority = Authority();
        using var certificate = Issued(authority, "127.0.0.1");
        await using var server = new ScriptedServer(_ => Reply.Of(200), certificate);
        Put(server.Host, "ca.crt", authority.ExportCertificatePem());
        using var transports = Make();
        using var answer = await PingAsync(transports, server);
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task Another_name_is_told_even_if_the_authority_is_known()
    {
        using var certificate = SelfSigned("10.9.8.7");
        await using var server = new ScriptedServer(_ => Reply.Of(200), certificate);
        Put(server.Host, "ca.crt", certificate.ExportCertificatePem());
        using var transports = Make();
        var error = await Assert.ThrowsAsync<RegistryException>(() => PingAsync(transports, server));
        Assert.EndsWith("x509: certificate is valid for 10.9.8.7, not 127.0.0.1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_has_expired_is_told()
    {
        using var certificate = SelfSigned("127.0.0.1", DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(-2));
        await using var server = new ScriptedServer(_ => Reply.Of(200), certificate);
        Put(server.Host, "ca.crt", certificate.ExportCertificatePem());
        using var transports = Make();
        var error = await Assert.ThrowsAsync<RegistryException>(() => PingAsync(transports, server));
        Assert.Contains("x509: certificate has expired or is not yet valid", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_insecure_registry_may_have_any()
    {
        using var certificate = SelfSigned("10.9.8.7");
        await using var server = new ScriptedServer(_ => Reply.Of(200), certificate);
        using var transports = Make();
        using var answer = await PingAsync(transports, server, isInsecure: true);
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task A_server_without_TLS_is_told_apart()
    {
        await using var server = new ScriptedServer(_ => Reply.Of(200));
        using var transports = Make();
        var error = await Assert.ThrowsAsync<RegistryException>(() => PingAsync(transports, server));
        Assert.StartsWith($"Get \"https://{server.Host}/v2/\": http: server gave HTTP response to HTTPS client", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_insecure_registry_with_TLS_is_not_asked_without()
    {
        using var certificate = SelfSigned("10.9.8.7");
        var server = new ScriptedServer(_ => Reply.Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown"), certificate);
        await using var fixture = new RegistryFixture(server);
        await Assert.ThrowsAsync<RegistryException>(() => fixture.Open().GetManifestAsync("v1", RegistryFixture.Token));
        Assert.Single(server.Requests);
    }

    [Fact]
    public void A_client_certificate_is_read_with_its_key()
    {
        using var certificate = SelfSigned("client");
        Put("host:1", "client.cert", certificate.ExportCertificatePem());
        Put("host:1", "client.key", certificate.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var read = HostCertificates.Read([_folder.FullName], "host:1");
        Assert.True(Assert.Single(read.ClientCertificates).HasPrivateKey);
    }

    [Fact]
    public async Task A_client_certificate_is_shown_to_the_host_that_it_was_put_down_for()
    {
        using var certificate = SelfSigned("127.0.0.1");
        using var client = SelfSigned("client");
        await using var server = new ScriptedServer(_ => Reply.Of(200), certificate) { ClientCheck = shown => shown?.GetCertHashString() == client.GetCertHashString() };
        Put(server.Host, "ca.crt", certificate.ExportCertificatePem());
        using var transports = Make();
        await Assert.ThrowsAsync<RegistryException>(() => PingAsync(transports, server));

        Put(server.Host, "client.cert", client.ExportCertificatePem());
        Put(server.Host, "client.key", client.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        using var answer = await PingAsync(transports, server);
        Assert.Equal(200, answer.Status);
    }

    [Theory]
    [InlineData("client.cert", "missing key client.key for client certificate client.cert. CA certificates must use the extension .crt")]
    [InlineData("client.key", "missing client certificate client.cert for key client.key")]
    public void Half_of_a_pair_is_told_in_Dockers_words(string file, string expected)
    {
        Put("host:1", file, "");
        var error = Assert.Throws<TareException>(() => HostCertificates.Read([_folder.FullName], "host:1"));
        Assert.Equal(expected, error.Message);
    }

    [Fact]
    public void A_file_that_is_no_certificate_is_told()
    {
        Put("host:1", "ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        Assert.Contains("ca.crt is no PEM certificate", Assert.Throws<TareException>(() => HostCertificates.Read([_folder.FullName], "host:1")).Message, StringComparison.Ordinal);
    }

    private static X509Certificate2 SelfSigned(string name, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        using var key = RSA.Create(2048);
        using var made = Request(name, key).CreateSelfSigned(from ?? DateTimeOffset.UtcNow.AddDays(-1), to ?? DateTimeOffset.UtcNow.AddDays(1));
        return Portable(made);
    }

    private static X509Certificate2 Authority()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return Portable(made);
    }

    private static X509Certificate2 Issued(X509Certificate2 authority, string name)
    {
        using var key = RSA.Create(2048);
        using var made = Request(name, key).Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), [1, 2, 3]);
        using var whole = made.CopyWithPrivateKey(key);
        return Portable(whole);
    }

    private static CertificateRequest Request(string name, RSA key)
    {
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address)) names.AddIpAddress(address);
        else names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        return request;
    }

    private static X509Certificate2 Portable(X509Certificate2 certificate) =>
        X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);

    private Transports Make() => new(new RegistryOptions { CertificateDirectories = [_folder.FullName] }, TimeProvider.System);

    private static Task<Answer> PingAsync(Transports transports, ScriptedServer server, bool isInsecure = false)
    {
        var endpoint = new Endpoint($"https://{server.Host}", isInsecure);
        return new Sender(transports, "test", TimeProvider.System).SendAsync(new RegistryRequest(HttpMethod.Get, endpoint.Address("")), endpoint, null, CancellationToken.None);
    }

    private void Put(string host, string file, string content)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.FullName, host));
        File.WriteAllText(Path.Combine(folder.FullName, file), content);
    }
}

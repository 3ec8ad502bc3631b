using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Tare.Errors;
using Tare.Registry.Configuration;

namespace Tare.Registry.Hosting;

/// <summary>
/// Encrypts connections. Kestrel's own way there needs a container of services; this is the part of it that a registry needs. The
/// certificate is read again when its file changes, as the programs that renew certificates expect.
/// </summary>
internal sealed class TlsServer
{
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    private readonly string certificateFile;
    private readonly string keyFile;
    private readonly X509Certificate2Collection? clientAuthorities;
    private readonly ServerOptions options;
    private readonly Lock gate = new();
    private (FileStamp Certificate, FileStamp Key) stamp;
    private SslStreamCertificateContext context;

    /// <exception cref="TareException">A file cannot be read, or is none.</exception>
    private TlsServer(string certificateFile, string keyFile, ServerOptions options)
    {
        this.certificateFile = certificateFile;
        this.keyFile = keyFile;
        this.options = options;
        stamp = (FileStamp.Of(certificateFile), FileStamp.Of(keyFile));
        context = Load();
        if (options.TlsClientAuthority is { } authority) clientAuthorities = LoadAuthorities(authority);
    }

    /// <summary>Makes one when the options ask for it.</summary>
    /// <exception cref="TareException">A file cannot be read, or is none; or one of two is missing.</exception>
    internal static TlsServer? Create(ServerOptions options) => (options.TlsCertificate, options.TlsKey) switch
    {
        (null, null) when options.TlsClientAuthority is null => null,
        ({ } certificate, { } key) => new TlsServer(certificate, key, options),
        _ => throw TareException.Invalid("encryption needs both --tls-cert and --tls-key"),
    };

    internal async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var transport = connection.Transport;
        await using var stream = new SslStream(new TransportStream(transport), leaveInnerStreamOpen: false);
        using (var limit = new CancellationTokenSource(HandshakeTime, options.Time))
        {
            try
            {
                await stream.AuthenticateAsServerAsync(Options(), limit.Token);
            }
            catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException or CryptographicException)
            {
                options.Log(RegistryLogLevel.Debug, $"{connection.RemoteEndPoint}: the TLS handshake failed: {e.Message}");
                return;
            }
        }

        connection.Features.Set<ITlsConnectionFeature>(new TlsFeature { ClientCertificate = stream.RemoteCertificate as X509Certificate2 });
        var input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));
        var output = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        connection.Transport = new DuplexPipe(input, output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
            await input.CompleteAsync();
            await output.CompleteAsync();
        }
    }

    private SslServerAuthenticationOptions Options() => new()
    {
        ServerCertificateContext = Current(),
        ClientCertificateRequired = clientAuthorities is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        // The system's choice, which its administrator can tighten; none of OpenSSL 3 has anything below TLS 1.2.
        EnabledSslProtocols = SslProtocols.None,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        RemoteCertificateValidationCallback = clientAuthorities is null ? null : (_, certificate, _, _) => IsClient(certificate),
    };

    private bool IsClient(X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 client) return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(clientAuthorities!);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        return chain.Build(client);
    }

    private SslStreamCertificateContext Current()
    {
        var now = (FileStamp.Of(certificateFile), FileStamp.Of(keyFile));
        lock (gate)
        {
            if (now == stamp) return context;
            stamp = now;
            try
            {
                context = Load();
                options.Log(RegistryLogLevel.Info, $"{certificateFile} has changed and was read again");
            }
            catch (TareException e)
            {
                // A certificate that is being renewed may lie beside the old key for a moment; the next handshake looks again.
                stamp = default;
                options.Log(RegistryLogLevel.Warning, $"{e.Message}; the certificate before stays in use");
            }

            return context;
        }
    }

    private SslStreamCertificateContext Load()
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(certificateFile);
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw TareException.Invalid($"the certificate {certificateFile} with the key {keyFile} cannot be used: {e.Message}", e);
        }
    }

    private static X509Certificate2Collection LoadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw TareException.Invalid($"the authorities of clients in {path} cannot be used: {e.Message}", e);
        }

        return authorities.Count > 0 ? authorities : throw TareException.Invalid($"{path} has no certificate in it");
    }

    private sealed class TlsFeature : ITlsConnectionFeature
    {
        public X509Certificate2? ClientCertificate { get; set; }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
    }
}

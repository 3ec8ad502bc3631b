using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Tare.Distribution.Endpoints;

namespace Tare.Distribution.Transport;

/// <summary>The pools of connections: one for everybody, one for the insecure, and one for each host with certificates of its own. Thread-safe.</summary>
internal sealed class Transports(RegistryOptions options, TimeProvider time) : IDisposable
{
    private const int MaxHeaders = 64; // KiB
    private const int SmallDrain = 64 * 1024;

    private readonly ConcurrentDictionary<string, Pool> _pools = new(StringComparer.Ordinal);
    private readonly EnvironmentProxy _proxy = EnvironmentProxy.Read();

    /// <summary>The pool by which an address is reached on behalf of an endpoint.</summary>
    /// <remarks>
    /// Another host that the endpoint names has its own certificates if somebody has put some down for it; otherwise it is trusted as the
    /// endpoint is (a registry and its storage often have one authority), but is shown no client certificate.
    /// </remarks>
    internal HttpMessageInvoker For(Endpoint endpoint, Uri target)
    {
        if (endpoint.IsInsecure) return Get("insecure", "", insecure: true, certificates: null);
        if (target.Scheme == Uri.UriSchemeHttp) return Get("", "", insecure: false, certificates: null);
        var host = target.Authority;
        var stamp = HostCertificates.Stamp(options.CertificateDirectories, host);
        var foreign = false;
        if (stamp.Length == 0 && !endpoint.Owns(target))
        {
            host = endpoint.Host;
            stamp = HostCertificates.Stamp(options.CertificateDirectories, host);
            foreign = true;
        }

        if (stamp.Length == 0) return Get("", "", insecure: false, certificates: null);
        return Get((foreign ? "foreign " : "host ") + host, stamp, insecure: false, () =>
        {
            var certificates = HostCertificates.Read(options.CertificateDirectories, host);
            return foreign ? certificates with { ClientCertificates = [] } : certificates;
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var pool in _pools.Values) pool.Invoker.Dispose();
        _pools.Clear();
    }

    private HttpMessageInvoker Get(string name, string stamp, bool insecure, Func<HostCertificates>? certificates)
    {
        if (_pools.TryGetValue(name, out var pool) && pool.Stamp == stamp) return pool.Invoker;
        var made = new Pool(stamp, Make(insecure, certificates?.Invoke()));

        // One with older certificates is left to those who are in the midst of using it.
        var kept = _pools.AddOrUpdate(name, made, (_, old) => old.Stamp == stamp ? old : made);
        if (!ReferenceEquals(kept, made)) made.Invoker.Dispose();
        return kept.Invoker;
    }

    private HttpMessageInvoker Make(bool insecure, HostCertificates? certificates)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = insecure ? Limits.InsecureConnect : Limits.Connect,
            MaxResponseHeadersLength = MaxHeaders,
            MaxResponseDrainSize = SmallDrain,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            ActivityHeadersPropagator = null,
            Proxy = _proxy,
            ConnectCallback = ConnectAsync,
        };
        var check = new CertificateCheck(certificates?.Authorities ?? [], time);
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
#pragma warning disable CA5359 // somebody has named this registry as one whose certificate does not matter
            RemoteCertificateValidationCallback = insecure ? (_, _, _, _) => true : check.Validate,
#pragma warning restore CA5359
            ClientCertificates = certificates?.ClientCertificates,
        };
        return new HttpMessageInvoker(handler);
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, ct);

            // Not before: a socket that has such options tries one address only.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.ReceiveTimeout = (int)Limits.Idle.TotalMilliseconds; // for who reads synchronously
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed record Pool(string Stamp, HttpMessageInvoker Invoker);
}

using System.Net.Sockets;
using Tare.Distribution.Transport;
using Tare.Errors;

namespace Tare.Distribution.Failures;

/// <summary>Sentences for what goes wrong below HTTP. They begin as Go's net/http begins them, because clients look for that.</summary>
internal static class NetworkFailures
{
    /// <summary>Whether an exception is a failure of the network rather than a bug.</summary>
    internal static bool Covers(Exception e) => e is HttpRequestException or IOException or SocketException or OperationCanceledException or ObjectDisposedException;

    /// <summary>A connection that ended, or went silent, in the middle.</summary>
    internal static RegistryException Cut(Uri target, Exception cause) => new(
        ErrorKind.Internal,
        IsIdle(cause) ? Silence(target) : $"the connection to {target.Authority} was cut{Detail(cause)}",
        inner: cause) { IsTransient = true };

    /// <summary>Nobody has answered a request.</summary>
    /// <param name="method">What was asked.</param>
    /// <param name="target">Where.</param>
    /// <param name="entry">The address of the endpoint, which Docker names when there is no connection at all.</param>
    /// <param name="cause">What the runtime says.</param>
    internal static RegistryException NoAnswer(HttpMethod method, Uri target, Uri entry, Exception cause)
    {
        if (cause is OperationCanceledException)
        {
            return cause.InnerException is TimeoutException
                ? Unreachable(entry, $"dial tcp {Address(target)}: i/o timeout", cause)
                : new RegistryException(ErrorKind.Internal, Silence(target), inner: cause) { IsTransient = true };
        }

        if (Find<CertificateRefusedException>(cause) is { } refused)
            return Unreachable(entry, $"tls: failed to verify certificate: {refused.Message}{Help(refused, target)}", cause);

        var error = (cause as HttpRequestException)?.HttpRequestError ?? HttpRequestError.Unknown;
        var socket = Find<SocketException>(cause);
        return error switch
        {
            HttpRequestError.NameResolutionError when socket?.SocketErrorCode == SocketError.TryAgain =>
                Unreachable(entry, $"dial tcp: lookup {target.Host}: server misbehaving", cause),
            HttpRequestError.NameResolutionError => Unreachable(entry, $"dial tcp: lookup {target.Host}: no such host", cause),
            HttpRequestError.ConnectionError when socket is not null => Unreachable(entry, $"dial tcp {Address(target)}: {Word(socket)}", cause),
            HttpRequestError.SecureConnectionError => Unreachable(entry, $"tls: {Innermost(cause)}", cause),
            HttpRequestError.ProxyTunnelError => Unreachable(entry, $"proxyconnect tcp: {Innermost(cause)}", cause),
            HttpRequestError.ConfigurationLimitExceeded => new RegistryException(
                ErrorKind.Internal, $"{Go(method)} \"{Plain(target)}\": the answer of {target.Authority} has too many headers", inner: cause),
            _ => new RegistryException(ErrorKind.Internal, $"{Go(method)} \"{Plain(target)}\": {Ending(cause)}", inner: cause) { IsTransient = true },
        };
    }

    /// <summary>The server speaks plain HTTP where TLS was expected.</summary>
    internal static RegistryException PlainHttp(Uri target, Uri entry, Exception cause) => Unreachable(
        entry, $"http: server gave HTTP response to HTTPS client (if that is meant, name {target.Authority} as an insecure registry)", cause);

    private static RegistryException Unreachable(Uri entry, string reason, Exception cause) =>
        new(ErrorKind.Internal, $"Get \"{entry}\": {reason}", inner: cause) { IsUnreachable = true };

    private static string Help(CertificateRefusedException refused, Uri target) =>
        refused.IsUnknownAuthority ? $" (if it is to be trusted, put the authority's certificate at certs.d/{target.Authority}/ca.crt)" : "";

    private static string Silence(Uri target) => $"{target.Authority} has sent nothing for {Limits.Idle.TotalSeconds} seconds";

    // Idle timers cancel; a synchronous read ends by the socket's own time-out.
    private static bool IsIdle(Exception cause) =>
        cause is OperationCanceledException || Find<SocketException>(cause)?.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock;

    private static string Detail(Exception cause) =>
        Find<SocketException>(cause)?.SocketErrorCode == SocketError.ConnectionReset ? " (connection reset by peer)" : "";

    private static string Ending(Exception cause) => Find<SocketException>(cause) is { } socket ? Word(socket) : cause switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or IOException => "EOF",
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => "net/http: malformed HTTP response",
        _ => Innermost(cause),
    };

    private static string Word(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connect: connection refused",
        SocketError.HostUnreachable => "connect: no route to host",
        SocketError.NetworkUnreachable => "connect: network is unreachable",
        SocketError.TimedOut => "i/o timeout",
        SocketError.ConnectionReset => "connection reset by peer",
        _ => Refusal.Clean(e.Message),
    };

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner) e = inner;
        return Refusal.Clean(e.Message).TrimEnd('.');
    }

    private static T? Find<T>(Exception? e)
        where T : Exception
    {
        for (; e is not null; e = e.InnerException)
        {
            if (e is T found) return found;
        }

        return null;
    }

    private static string Address(Uri target) => $"{target.Host}:{target.Port}";

    private static string Plain(Uri target) => target.GetLeftPart(UriPartial.Path);

    private static string Go(HttpMethod method) => method.Method[..1] + method.Method[1..].ToLowerInvariant();
}

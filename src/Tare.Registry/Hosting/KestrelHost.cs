using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Tare.Registry.Http;

namespace Tare.Registry.Hosting;

/// <summary>Kestrel without a host around it: no services, no configuration, no logging of its own.</summary>
internal static class KestrelHost
{
    private const int Backlog = 1024;

    /// <summary>How long an idle connection is kept. Clients open another one.</summary>
    private static readonly TimeSpan IdleTime = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan HeadTime = TimeSpan.FromSeconds(30);

    /// <summary>Serves until the token is cancelled; then takes no more requests, and lets those end that are under way.</summary>
    internal static async Task RunAsync(RegistryApplication application, TlsServer? tls, ServerOptions options, CancellationToken cancellationToken)
    {
        var sockets = Bind(options.Listen);
        try
        {
            var kestrel = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
            kestrel.Limits.KeepAliveTimeout = IdleTime;
            kestrel.Limits.RequestHeadersTimeout = HeadTime;
            // A push over a slow line is no attack; one that stands still is ended by the rates.
            kestrel.Limits.MaxRequestBodySize = Manifests.ManifestDocument.LongestDocument;
            foreach (var endPoint in sockets.Keys)
            {
                kestrel.Listen(endPoint, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1;
                    if (tls is null) listen.Use(next => connection => DirectAsync(connection, next));
                    else listen.Use(next => connection => tls.RunAsync(connection, next));
                });
            }

            var transport = new SocketTransportOptions { Backlog = Backlog, CreateBoundListenSocket = endPoint => sockets[endPoint] };
            using var server = new KestrelServer(
                Options.Create(kestrel), new SocketTransportFactory(Options.Create(transport), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
            await server.StartAsync(application, CancellationToken.None);
            var scheme = tls is null ? "http" : "https";
            options.Listening([.. sockets.Values.Select(socket => $"{scheme}://{socket.LocalEndPoint}")]);
            await WhenCancelledAsync(cancellationToken);
            using var limit = new CancellationTokenSource(options.StopTime, options.Time);
            await server.StopAsync(limit.Token);
        }
        finally
        {
            // Kestrel closes those that it has been given.
            foreach (var socket in sockets.Values) socket.Dispose();
        }
    }

    /// <summary>Puts our own output in the place of the transport's.</summary>
    private static async Task DirectAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is not { } socket)
        {
            await next(connection);
            return;
        }

        using var output = new SocketOutput(socket, connection.Transport.Output, connection.Abort);
        connection.Features.Set(output);
        connection.Transport = new DuplexPipe(connection.Transport.Input, output);
        await next(connection);
    }

    private static Dictionary<EndPoint, Socket> Bind(IReadOnlyList<string> addresses)
    {
        var sockets = new Dictionary<EndPoint, Socket>();
        try
        {
            foreach (var address in addresses.Distinct())
            {
                var socket = ListenAddress.Bind(ListenAddress.Parse(address), address);
                sockets.Add(socket.LocalEndPoint!, socket);
            }

            return sockets;
        }
        catch
        {
            foreach (var socket in sockets.Values) socket.Dispose();
            throw;
        }
    }

    private static async Task WhenCancelledAsync(CancellationToken token)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = token.UnsafeRegister(static state => ((TaskCompletionSource)state!).SetResult(), cancelled);
        await cancelled.Task;
    }
}

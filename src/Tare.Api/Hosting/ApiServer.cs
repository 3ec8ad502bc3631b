using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Tare.Api.Backends;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Api.Hosting;

/// <summary>Kestrel without a host around it: no services, no configuration, no logging of its own.</summary>
internal static class ApiServer
{
    private const int Backlog = 1024;

    /// <summary>
    /// How long an idle connection is kept: for ever, in effect. Kestrel adds the time to its clock, where an infinite one overflows and
    /// closes the connection at the next tick, now and then just as a request comes in.
    /// </summary>
    private static readonly TimeSpan IdleTime = TimeSpan.FromDays(365);

    /// <summary>How long requests that are under way may take to end when the server stops.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    internal static async Task RunAsync(ApiBackends backends, Poller poller, ApiOptions options, CancellationToken cancellationToken)
    {
        var addresses = options.Hosts.Select(ListenAddress.Parse).Distinct().ToArray();
        if (addresses.Length == 0)
            throw TareException.Invalid("no address to listen on: give at least one --host");
        var sockets = Bind(addresses, options);
        try
        {
            await ServeAsync(addresses, sockets, backends, poller, options, cancellationToken);
        }
        finally
        {
            // Kestrel closes those that it has been given; closing a unix socket removes its file.
            foreach (var socket in sockets.Values)
                socket.Dispose();
        }
    }

    private static async Task ServeAsync(ListenAddress[] addresses, Dictionary<EndPoint, Socket> sockets, ApiBackends backends, Poller poller, ApiOptions options, CancellationToken cancellationToken)
    {
        var kestrel = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false, AllowHostHeaderOverride = true };
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.KeepAliveTimeout = IdleTime;
        kestrel.Limits.MaxConcurrentUpgradedConnections = null;
        foreach (var endPoint in sockets.Keys)
        {
            kestrel.Listen(endPoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => PeerConnection.RunAsync(connection, next, poller, cancellationToken));
            });
        }

        var transport = new SocketTransportOptions
        {
            Backlog = Backlog,
            CreateBoundListenSocket = endPoint => sockets[endPoint],
        };
        using var server = new KestrelServer(
            Options.Create(kestrel),
            new SocketTransportFactory(Options.Create(transport), NullLoggerFactory.Instance),
            NullLoggerFactory.Instance);
        await server.StartAsync(new ApiApplication(backends, options), CancellationToken.None);
        options.Listening([.. addresses.Select(address => address.ToString())]);
        await cancellationToken.WhenCancelled();
        using var limit = new CancellationTokenSource(StopTime, options.Time);
        await server.StopAsync(limit.Token);
    }

    private static Dictionary<EndPoint, Socket> Bind(ListenAddress[] addresses, ApiOptions options)
    {
        var sockets = new Dictionary<EndPoint, Socket>();
        try
        {
            var group = addresses.Any(address => address is ListenAddress.Unix) ? SocketGroups.Find(options.SocketGroup) : null;
            foreach (var address in addresses)
            {
                if (address is ListenAddress.Tcp)
                    options.Log(ApiLogLevel.Warning, $"the API listens on {address} without encryption and without asking who calls: whoever reaches it has root's rights on this machine");
                var socket = ListenSockets.Bind(address, group);
                sockets.Add(socket.LocalEndPoint!, socket);
            }

            return sockets;
        }
        catch
        {
            foreach (var socket in sockets.Values)
                socket.Dispose();
            throw;
        }
    }

    private static async Task WhenCancelled(this CancellationToken token)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = token.UnsafeRegister(static state => ((TaskCompletionSource)state!).SetResult(), cancelled);
        await cancelled.Task;
    }
}

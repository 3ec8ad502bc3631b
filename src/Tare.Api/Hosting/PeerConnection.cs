using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Tare.Linux;

namespace Tare.Api.Hosting;

/// <summary>
/// What Kestrel sees of a connection. Kestrel takes a client's FIN for an abort and would drop the output of
/// <c>echo x | docker run -i IMAGE cat</c>; here <see cref="ConnectionClosed"/> stays silent, and those who must know ask
/// <see cref="IPeer"/>.
/// </summary>
internal sealed class PeerConnection : ConnectionContext, IPeer, IDisposable
{
    private readonly ConnectionContext inner;
    private readonly Poller poller;
    private readonly CancellationTokenSource closed = new();
    private readonly CancellationTokenSource gone;
    private bool hijacked;

    internal PeerConnection(ConnectionContext inner, Poller poller, CancellationToken stopping)
    {
        this.inner = inner;
        this.poller = poller;
        Stopping = stopping;
        gone = CancellationTokenSource.CreateLinkedTokenSource(inner.ConnectionClosed, stopping);
        Gone = gone.Token;
        ConnectionClosed = closed.Token;
        inner.Features.Set<IPeer>(this);
    }

    public CancellationToken Gone { get; }

    public CancellationToken Stopping { get; }

    public override CancellationToken ConnectionClosed { get; set; }

    public override string ConnectionId
    {
        get => inner.ConnectionId;
        set => inner.ConnectionId = value;
    }

    public override IFeatureCollection Features => inner.Features;

    public override IDictionary<object, object?> Items
    {
        get => inner.Items;
        set => inner.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => inner.Transport;
        set => inner.Transport = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => inner.LocalEndPoint;
        set => inner.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => inner.RemoteEndPoint;
        set => inner.RemoteEndPoint = value;
    }

    /// <summary>A hijacked connection has been finished by who hijacked it; HTTP's wish to abort it concerns HTTP alone.</summary>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        if (!hijacked)
            inner.Abort(abortReason);
    }

    public HijackedConnection Hijack()
    {
        hijacked = true;
        var socket = Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        return new HijackedConnection(inner.Transport.Input, socket, poller, Stopping);
    }

    public void Dispose()
    {
        gone.Dispose();
        closed.Dispose();
    }

    /// <summary>The connection middleware that puts this class between the transport and HTTP.</summary>
    internal static async Task RunAsync(ConnectionContext connection, ConnectionDelegate next, Poller poller, CancellationToken stopping)
    {
        using var peer = new PeerConnection(connection, poller, stopping);
        await next(peer);
    }
}

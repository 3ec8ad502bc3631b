using System.Net;
using Tare.Linux;
using Tare.Networks.Dns.Names;
using Tare.Networks.Dns.Server;

namespace Tare.Networks.Tests.Dns;

/// <summary>A sandbox with a network namespace and sockets on 127.0.0.11 in it, as a container has, and clients in it.</summary>
internal sealed class DnsFixture : IAsyncDisposable
{
    private static readonly IPEndPoint Embedded = new(IPAddress.Parse("127.0.0.11"), 53);

    private readonly List<Fd> _clients = [];
    private readonly DnsServerOptions _options;

    public DnsFixture(DnsServerOptions? options = null, bool attach = true)
    {
        _options = options ?? new DnsServerOptions();
        Sockets = new DnsSockets(DnsSocketExtensions.Open(Container, stream: false, Embedded), DnsSocketExtensions.Open(Container, stream: true, Embedded), Container);
        Network.Set("web", ["web"], [IPAddress.Parse("10.0.0.2")]);
        Sandbox.View = new DnsView { Networks = [new DnsAttachment(Network)], IsExternal = true };
        Server = new DnsServer(_options, (_, fault) => Faults.Add(fault));
        if (attach) Server.AttachAsync(Sandbox, Sockets).Wait();
    }

    public Fd Container { get; } = Namespaces.NewNetwork();

    public Poller Poller { get; } = new();

    public DnsNetwork Network { get; } = new("net");

    public DnsSandbox Sandbox { get; } = new("0123456789ab");

    public DnsSockets Sockets { get; }

    public DnsServer Server { get; private set; }

    public List<Exception> Faults { get; } = [];

    public FakeUpstream Upstream(bool host, Func<byte[], bool, byte[][]> answer) => new(Poller, host ? null : Container, answer);

    public void Forward(params DnsUpstream[] upstreams) => Sandbox.View = Sandbox.View with { Upstreams = [.. upstreams] };

    /// <summary>The daemon is another one from now on.</summary>
    public void Replace()
    {
        Server.Dispose();
        Server = new DnsServer(_options, (_, fault) => Faults.Add(fault));
    }

    /// <summary>A client's socket, connected to the server.</summary>
    public Fd Connect(bool stream)
    {
        var socket = DnsSocketExtensions.Open(Container, stream);
        _clients.Add(socket);
        Assert.Contains(IpSocket.Connect(socket, Embedded), (int[])[0, Errno.EINPROGRESS]);
        return socket;
    }

    public Fd Send(byte[] message)
    {
        var socket = Connect(stream: false);
        Assert.Equal(message.Length, IpSocket.TrySend(socket, message, out _));
        return socket;
    }

    public async Task<byte[]> AskAsync(byte[] message) => await Poller.ReceiveAsync(Send(message));

    public async Task<byte[]?> AskByStreamAsync(byte[] message)
    {
        var socket = Connect(stream: true);
        await Poller.SendFrameAsync(socket, message);
        return await Poller.ReceiveFrameAsync(socket);
    }

    public ValueTask DisposeAsync()
    {
        Server.Dispose();
        foreach (var client in _clients) client.Dispose();
        Sockets.Datagrams.Dispose();
        Sockets.Connections.Dispose();
        Container.Dispose();
        Poller.Dispose();
        Assert.Empty(Faults);
        return ValueTask.CompletedTask;
    }
}

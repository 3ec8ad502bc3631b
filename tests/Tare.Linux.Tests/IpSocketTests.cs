using System.Net;

namespace Tare.Linux.Tests;

/// <summary>Internet sockets over raw descriptors, in namespaces of the case's own.</summary>
public sealed class IpSocketTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void Datagrams_go_and_come(string text)
    {
        using var network = Namespaces.NewNetwork();
        var address = IPAddress.Parse(text);
        var six = text == "::1";
        using var server = Namespaces.InNetwork(network, () => IpSocket.New(six, stream: false));
        using var client = Namespaces.InNetwork(network, () => IpSocket.New(six, stream: false));
        IpSocket.Bind(server, new IPEndPoint(address, 53));
        Assert.Equal(new IPEndPoint(address, 53), IpSocket.AddressOf(server));
        Assert.Equal(0, IpSocket.Connect(client, new IPEndPoint(address, 53)));
        Assert.Equal(5, IpSocket.TrySend(client, "hello"u8, out _));
        var buffer = new byte[3];
        Assert.Equal(5, IpSocket.TryReceiveFrom(server, buffer, out var sender, out _));
        Assert.Equal("hel"u8, buffer);
        Assert.Equal(IpSocket.AddressOf(client), sender.ToEndPoint());
        Assert.Equal(-1, IpSocket.TryReceiveFrom(server, buffer, out _, out var error));
        Assert.Equal(Errno.EAGAIN, error);
        Assert.Equal(2, IpSocket.TrySendTo(server, "ok"u8, sender, out _));
        Assert.Equal(2, IpSocket.TryReceive(client, buffer, stream: false, out _));
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.3")]
    [InlineData("::1")]
    public void Answers_come_from_where_a_datagram_was_sent_to(params string[] addresses)
    {
        using var network = Namespaces.NewNetwork();
        var six = addresses[0] == "::1";
        using var server = Namespaces.InNetwork(network, () => IpSocket.New(six, stream: false));
        using var client = Namespaces.InNetwork(network, () => IpSocket.New(six, stream: false));
        Assert.False(IpSocket.IsStream(server));
        IpSocket.Bind(server, new IPEndPoint(six ? IPAddress.IPv6Any : IPAddress.Any, 53));
        IpDatagrams.Prepare(server, 4096);
        var paths = new HashSet<DatagramPath>();
        foreach (var address in addresses.Select(IPAddress.Parse))
        {
            for (var i = 0; i < 2; i++)
            {
                IpSocket.TrySendTo(client, "ask"u8, new SocketName(new IPEndPoint(address, 53)), out _);
                var buffer = new byte[9];
                Assert.Equal(3, IpDatagrams.TryReceive(server, buffer, out var path, out _));
                Assert.Equal(IpSocket.AddressOf(client).Port, path.Sender.Port);
                Assert.Equal(address, path.Receiver);
                paths.Add(path);
                Assert.Equal(2, IpDatagrams.TrySend(server, "ok"u8, path, out _));
                Assert.Equal(2, IpSocket.TryReceiveFrom(client, buffer, out var answerer, out _));
                Assert.Equal(new IPEndPoint(address, 53), answerer.ToEndPoint());
            }
        }
        Assert.Equal(addresses.Length, paths.Count);
        Assert.Equal(-1, IpDatagrams.TryReceive(server, new byte[9], out _, out var error));
        Assert.Equal(Errno.EAGAIN, error);
    }

    [Fact]
    public void Streams_are_accepted()
    {
        using var network = Namespaces.NewNetwork();
        using var server = Namespaces.InNetwork(network, () => IpSocket.New(six: false, stream: true));
        using var client = Namespaces.InNetwork(network, () => IpSocket.New(six: false, stream: true));
        Assert.True(IpSocket.IsStream(server));
        IpSocket.Bind(server, new IPEndPoint(IPAddress.Loopback, 53));
        IpSocket.Listen(server, 1);
        Assert.Null(IpSocket.TryAccept(server, out var error));
        Assert.Equal(Errno.EAGAIN, error);
        Assert.Equal(Errno.EINPROGRESS, IpSocket.Connect(client, new IPEndPoint(IPAddress.Loopback, 53)));
        Assert.Equal(0, IpSocket.TakeError(client));
        using var connection = IpSocket.TryAccept(server, out _);
        Assert.Equal(2, IpSocket.TrySend(connection!, "ok"u8, out _));
        Assert.Equal(2, IpSocket.TryReceive(client, new byte[9], stream: true, out _));
    }

    [Fact]
    public void A_visit_comes_back()
    {
        using var network = Namespaces.NewNetwork();
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(() =>
        {
            using var visit = new NetworkVisit();
            var home = Link();
            var there = "";
            using var socket = visit.Open(network, () =>
            {
                there = Link();
                return IpSocket.New(six: false, stream: false);
            });
            Assert.NotEqual(home, there);
            Assert.Equal(home, Link());
            Assert.ThrowsAny<LinuxException>(() => visit.Open(network, () => throw new LinuxException("fail", Errno.EMFILE)));
            Assert.Equal(home, Link());
            // Port 53 is free there, whoever has it here.
            IpSocket.Bind(socket, new IPEndPoint(IPAddress.Parse("127.0.0.11"), 53));
        }));
        thread.Start();
        thread.Join();
        Assert.Null(failure);

        static string Link() => new FileInfo("/proc/thread-self/ns/net").LinkTarget!;
    }
}

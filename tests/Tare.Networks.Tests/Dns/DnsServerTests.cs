using System.Net;
using Tare.Linux;
using Tare.Networks.Dns.Messages;
using Tare.Networks.Dns.Names;
using Tare.Networks.Dns.Server;
using static Tare.Networks.Tests.Dns.DnsMessages;

namespace Tare.Networks.Tests.Dns;

/// <summary>The server over sockets in a namespace of the case's own: what it answers itself, and how it takes sockets over and gives them up.</summary>
public sealed class DnsServerTests
{
    private static readonly byte[] Web = Query("web", DnsRecordType.A);
    private static readonly IPAddress WebAddress = IPAddress.Parse("10.0.0.2");

    [Fact]
    public async Task Names_are_answered_by_datagram_and_by_connection()
    {
        await using var dns = new DnsFixture();
        Assert.Equal([WebAddress], AddressesIn(await dns.AskAsync(Web)));
        Assert.Equal([WebAddress], AddressesIn(await dns.AskByStreamAsync(Web)));
        Assert.Equal(DnsResponseCode.ServerFailure, HeaderOf(await dns.AskAsync(Query("elsewhere", DnsRecordType.A))).ResponseCode);
        Assert.Equal(DnsResponseCode.ServerFailure, HeaderOf(await dns.AskByStreamAsync(Query("elsewhere", DnsRecordType.A))).ResponseCode);
    }

    [Fact]
    public async Task A_connection_takes_many_questions_in_pieces_and_at_once()
    {
        await using var dns = new DnsFixture();
        var socket = dns.Connect(stream: true);
        byte[] bytes = [.. Enumerable.Range(1, 50).SelectMany(id => (byte[])[.. Two(Web.Length), .. Query("web", DnsRecordType.A, (ushort)id)])];
        await dns.Poller.WriteAsync(socket, bytes.AsMemory(0, 1), default);
        await dns.Poller.WriteAsync(socket, bytes.AsMemory(1, 10), default);
        await dns.Poller.WriteAsync(socket, bytes.AsMemory(11), default);
        for (var id = 1; id <= 50; id++) Assert.Equal(id, HeaderOf(await dns.Poller.ReceiveFrameAsync(socket)).Id);
    }

    [Fact]
    public async Task Truncated_answers_are_whole_by_connection()
    {
        await using var dns = new DnsFixture();
        for (var i = 0; i < 200; i++) dns.Network.Set($"{i}", ["many"], [new IPAddress([10, 0, 1, (byte)i])]);
        var many = Query("many", DnsRecordType.A);
        var cut = await dns.AskAsync(many);
        Assert.True(HeaderOf(cut).IsTruncated);
        Assert.InRange(cut.Length, 490, 512);
        Assert.Equal(200, AddressesIn(await dns.AskByStreamAsync(many)).Length);
    }

    [Fact]
    public async Task Questions_wait_in_the_sockets_for_the_next_server()
    {
        await using var dns = new DnsFixture(attach: false);
        var early = dns.Send(Web);
        var stream = dns.Connect(stream: true);
        await dns.Poller.SendFrameAsync(stream, Web);
        await dns.Server.AttachAsync(dns.Sandbox, dns.Sockets);
        Assert.Equal([WebAddress], AddressesIn(await dns.Poller.ReceiveAsync(early)));
        Assert.Equal([WebAddress], AddressesIn(await dns.Poller.ReceiveFrameAsync(stream)));
        for (var round = 0; round < 5; round++)
        {
            if (round % 2 == 0) await dns.Server.DetachAsync(dns.Sandbox);
            else dns.Replace();
            var waiting = dns.Send(Web);
            var connection = dns.Connect(stream: true);
            await dns.Poller.SendFrameAsync(connection, Web);
            if (round % 2 == 0) dns.Replace();
            await dns.Server.AttachAsync(dns.Sandbox, dns.Sockets);
            Assert.Equal([WebAddress], AddressesIn(await dns.Poller.ReceiveAsync(waiting)));
            Assert.Equal([WebAddress], AddressesIn(await dns.Poller.ReceiveFrameAsync(connection)));
        }
    }

    [Fact]
    public async Task A_sandbox_is_served_once_and_detached_without_fuss()
    {
        await using var dns = new DnsFixture();
        await Assert.ThrowsAsync<InvalidOperationException>(() => dns.Server.AttachAsync(dns.Sandbox, dns.Sockets));
        Assert.Equal([WebAddress], AddressesIn(await dns.AskAsync(Web)));
        await dns.Server.DetachAsync(dns.Sandbox);
        await dns.Server.DetachAsync(dns.Sandbox);
        var gone = dns.Server;
        gone.Dispose();
        gone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { _ = gone.AttachAsync(dns.Sandbox, dns.Sockets); });
        using var file = Descriptors.Memory("no-socket");
        dns.Replace();
        await Assert.ThrowsAsync<LinuxException>(() => dns.Server.AttachAsync(dns.Sandbox, new DnsSockets(dns.Sockets.Datagrams, file)));
        // The first of the two is not left behind.
        await dns.Server.AttachAsync(dns.Sandbox, dns.Sockets);
        Assert.Equal([WebAddress], AddressesIn(await dns.AskAsync(Web)));
    }

    [Fact]
    public async Task A_socket_that_somebody_shuts_down_costs_its_sandbox_alone()
    {
        await using var other = new DnsFixture();
        await using var dns = new DnsFixture(attach: false);
        await other.Server.AttachAsync(dns.Sandbox, dns.Sockets);
        StreamSocket.Shutdown(dns.Sockets.Connections);
        var fault = await EventuallyAsync(() => other.Faults.FirstOrDefault());
        Assert.IsType<LinuxException>(fault);
        other.Faults.Clear();
        Assert.Equal([WebAddress], AddressesIn(await other.AskAsync(Web)));
        await other.Server.DetachAsync(dns.Sandbox);
    }

    [Fact]
    public async Task Too_many_connections_wait()
    {
        await using var dns = new DnsFixture(new DnsServerOptions { MaxConnectionsPerSandbox = 2 });
        var first = dns.Connect(stream: true);
        var second = dns.Connect(stream: true);
        foreach (var socket in (Fd[])[first, second])
        {
            await dns.Poller.SendFrameAsync(socket, Web);
            Assert.NotNull(await dns.Poller.ReceiveFrameAsync(socket));
        }
        var third = dns.Connect(stream: true);
        await dns.Poller.SendFrameAsync(third, Web);
        var answer = dns.Poller.ReceiveFrameAsync(third);
        Assert.Equal([WebAddress], AddressesIn(await dns.AskAsync(Web)));
        Assert.False(answer.IsCompleted);
        StreamSocket.Shutdown(first);
        Assert.Equal([WebAddress], AddressesIn(await answer));
    }

    [Fact]
    public async Task Connections_that_say_nothing_are_closed()
    {
        await using var dns = new DnsFixture(new DnsServerOptions { ConnectionTimeout = TimeSpan.FromMilliseconds(100) });
        var idle = dns.Connect(stream: true);
        var slow = dns.Connect(stream: true);
        await dns.Poller.WriteAsync(slow, Two(Web.Length).AsMemory(0, 1), default);
        Assert.Null(await dns.Poller.ReceiveFrameAsync(idle));
        Assert.Null(await dns.Poller.ReceiveFrameAsync(slow));
    }

    [Fact]
    public async Task Garbage_is_survived()
    {
        await using var dns = new DnsFixture();
        var random = new Random(7);
        var socket = dns.Connect(stream: false);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(0, 80)];
            random.NextBytes(bytes);
            if (i % 2 == 0 && bytes.Length > 6) Header(i, 0x100, 1).CopyTo(bytes, 0);
            IpSocket.TrySend(socket, bytes, out _);
            if (i % 100 == 0) Assert.Equal([WebAddress], AddressesIn(await dns.AskAsync(Web)));
        }
        foreach (var bytes in (byte[][])[[0, 0], [0xFF, 0xFF, 1, 2, 3], [0, 1, 7], [0, 12, .. Header(1, 0x8000, 0, 0, 0, 0)]])
        {
            var stream = dns.Connect(stream: true);
            await dns.Poller.WriteAsync(stream, bytes, default);
            Assert.Null(await dns.Poller.ReceiveFrameAsync(stream));
        }
        Assert.Equal(9000, IpSocket.TrySend(socket, new byte[9000], out _));
        Assert.Equal([WebAddress], AddressesIn(await dns.AskAsync(Web)));
    }

    private static async Task<T> EventuallyAsync<T>(Func<T?> value)
        where T : class
    {
        for (var i = 0; i < 2000; i++)
        {
            if (value() is { } found) return found;
            await Task.Delay(5);
        }
        throw new TimeoutException("the condition did not come true");
    }
}

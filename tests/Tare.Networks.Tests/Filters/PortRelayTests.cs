using System.Net;
using System.Net.Sockets;
using Tare.Linux;
using Tare.Networks.Filters.Ports;
using Tare.Networks.Filters.Relays;
using static Tare.Networks.Tests.Filters.FilterLab;

namespace Tare.Networks.Tests.Filters;

/// <summary>Connections that cannot be translated get to the container all the same.</summary>
public sealed class PortRelayTests : IDisposable
{
    private readonly FilterLab lab = new();
    private readonly PortReservations ports;
    private readonly PortRelay relay;
    private readonly List<Exception> faults = [];
    private readonly Fd web;
    private readonly PortReservation[] reserved;

    public PortRelayTests()
    {
        ports = new PortReservations(lab.Host);
        relay = new PortRelay(lab.Host, (_, fault) => faults.Add(fault));
        lab.Filter.Add(lab.AddBridge(1));
        web = lab.AddSandbox(1, 2);
        reserved = [.. ports.Allocate(new PortRequest(Tare.Networks.Endpoints.TransportProtocol.Tcp, 80, [IPAddress.Any, IPAddress.IPv6Any], 8080, 8080))];
        relay.AddAsync([.. reserved.Select(reservation => (reservation.Socket!, new IPEndPoint(IPAddress.Parse("10.1.0.2"), 80)))]).Wait();
        // A container with IPv4 alone.
        lab.Filter.Add(EndpointOf(1, 2, [.. reserved.Select(reservation => reservation.Port)]) with { IPv6 = null });
    }

    public void Dispose()
    {
        relay.Dispose();
        ports.Dispose();
        web.Dispose();
        lab.Dispose();
        Assert.Empty(faults);
    }

    [Fact]
    public void Connections_to_the_loopback_address_of_IPv6_and_of_IPv6_to_a_container_without()
    {
        using var server = lab.Listen(web, 80);
        Assert.Equal("10.1.0.1", lab.AssertPasses(lab.Host, new IPEndPoint(IPAddress.IPv6Loopback, 8080), server));
        Assert.Equal("10.1.0.1", lab.AssertPasses(lab.Outside, HostAt6(8080), server));
        // Past the relay.
        Assert.Equal("192.0.2.2", lab.AssertPasses(lab.Outside, HostAt(8080), server));
    }

    [Fact]
    public async Task Much_goes_through_both_ways_and_each_end_by_itself()
    {
        const int Size = 8 << 20;
        using var server = lab.Listen(web, 80);
        using var client = lab.TryConnect(lab.Host, new IPEndPoint(IPAddress.IPv6Loopback, 8080));
        Assert.NotNull(client);
        using var accepted = await server.AcceptAsync();
        var (there, back) = (new byte[Size], new byte[Size]);
        Random.Shared.NextBytes(there);
        Random.Shared.NextBytes(back);
        var received = ReadToEndAsync(accepted);
        await SendAsync(client, there);
        client.Shutdown(SocketShutdown.Send);
        var got = await received;
        Assert.True(there.AsSpan().SequenceEqual(got));
        // The server has seen the end, and only now answers.
        var answer = ReadToEndAsync(client);
        await SendAsync(accepted, back);
        accepted.Shutdown(SocketShutdown.Send);
        got = await answer;
        Assert.True(back.AsSpan().SequenceEqual(got));
    }

    [Fact]
    public async Task Whoever_does_not_read_keeps_the_other_from_sending_and_nothing_is_lost()
    {
        using var server = lab.Listen(web, 80);
        using var client = lab.TryConnect(lab.Host, new IPEndPoint(IPAddress.IPv6Loopback, 8080));
        using var accepted = await server.AcceptAsync();
        client!.Blocking = false;
        var chunk = new byte[1 << 16];
        var sent = 0;
        // Until nothing has gone for a while: all queues are full.
        while (client.Poll(300_000, SelectMode.SelectWrite)) sent += client.Send(chunk);
        Assert.InRange(sent, 1, 200 << 20);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(sent, (await ReadToEndAsync(accepted)).Length);
    }

    [Fact]
    public void A_container_that_does_not_listen_ends_the_connection()
    {
        using var client = lab.TryConnect(lab.Host, new IPEndPoint(IPAddress.IPv6Loopback, 8080));
        Assert.NotNull(client);
        Assert.True(EndsIn(client));
        using var server = lab.Listen(web, 80);
        lab.AssertPasses(lab.Host, new IPEndPoint(IPAddress.IPv6Loopback, 8080), server);
    }

    [Fact]
    public async Task A_socket_that_is_removed_ends_its_connections_and_may_come_back()
    {
        using var server = lab.Listen(web, 80);
        using var client = lab.TryConnect(lab.Host, new IPEndPoint(IPAddress.IPv6Loopback, 8080));
        using var accepted = await server.AcceptAsync();
        AssertCarries(client!, accepted, 1);
        await relay.RemoveAsync([.. reserved.Select(reservation => reservation.Socket!)]);
        Assert.True(EndsIn(client!));
        Assert.True(EndsIn(accepted));
        await relay.RemoveAsync(reserved[0].Socket!);
        // It waits in the socket meanwhile.
        using var waiting = lab.TryConnect(lab.Host, new IPEndPoint(IPAddress.IPv6Loopback, 8080));
        await relay.AddAsync([.. reserved.Select(reservation => (reservation.Socket!, new IPEndPoint(IPAddress.Parse("fd01::2"), 81)))]);
        await relay.AddAsync([.. reserved.Select(reservation => (reservation.Socket!, new IPEndPoint(IPAddress.Parse("fd01::2"), 80)))]);
        using var server6 = lab.Listen(web, 82, six: true);
        await relay.AddAsync((reserved[1].Socket!, new IPEndPoint(IPAddress.Parse("fd01::2"), 82)));
        Assert.Equal("fd01::1", lab.AssertPasses(lab.Host, new IPEndPoint(IPAddress.IPv6Loopback, 8080), server6));
    }

    private static bool EndsIn(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionReset;
        }
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0) bytes = bytes[await socket.SendAsync(bytes)..];
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (await socket.ReceiveAsync(buffer) is > 0 and var count) all.Write(buffer, 0, count);
        return all.ToArray();
    }
}

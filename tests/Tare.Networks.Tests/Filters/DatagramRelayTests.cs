using System.Net;
using System.Net.Sockets;
using Tare.Linux;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters.Ports;
using Tare.Networks.Filters.Relays;
using static Tare.Networks.Tests.Filters.FilterLab;

namespace Tare.Networks.Tests.Filters;

/// <summary>Datagrams that cannot be translated get to the container all the same, and its answers to who has asked.</summary>
public sealed class DatagramRelayTests : IDisposable
{
    private static readonly IPEndPoint Loopback = new(IPAddress.IPv6Loopback, 5353);
    private static readonly IPEndPoint Container = new(IPAddress.Parse("10.1.0.2"), 53);

    private readonly FilterLab lab = new();
    private readonly PortReservations ports;
    private readonly PortReservation[] reserved;
    private readonly Fd web;
    private readonly List<Exception> faults = [];
    private PortRelay relay;

    public DatagramRelayTests()
    {
        ports = new PortReservations(lab.Host);
        lab.Filter.Add(lab.AddBridge(1));
        web = lab.AddSandbox(1, 2);
        reserved = [.. ports.Allocate(new PortRequest(TransportProtocol.Udp, 53, [IPAddress.Any, IPAddress.IPv6Any], 5353, 5353))];
        // A container with IPv4 alone.
        lab.Filter.Add(EndpointOf(1, 2, [.. reserved.Select(reservation => reservation.Port)]) with { IPv6 = null });
        relay = NewRelay();
        Lead(Container);
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
    public async Task To_the_loopback_address_of_IPv6_and_by_IPv6_to_a_container_without()
    {
        using var server = lab.Datagrams(web, 53);
        Assert.Equal("10.1.0.1", AssertAnswers(lab.Datagrams(lab.Host, 0, six: true), Loopback, server).Address.ToString());
        var outside = lab.Datagrams(lab.Outside, 0, six: true);
        // Each answer has the address as its source that was asked, whichever the host would choose.
        var seen = AssertAnswers(outside, HostAt6(5353), server);
        Assert.Equal("10.1.0.1", seen.Address.ToString());
        AssertAnswers(outside, new IPEndPoint(IPAddress.Parse("fd01::1"), 5353), server);
        // One client goes on to be one, whose answers may come at any time.
        Assert.Equal(seen, AssertAnswers(outside, HostAt6(5353), server));
        server.SendTo([1], seen);
        server.SendTo([2], seen);
        Assert.Equal(1, Receive(outside, HostAt6(5353))[0]);
        Assert.Equal(2, Receive(outside, HostAt6(5353))[0]);
        Assert.Equal(3, await relay.CountFlowsAsync());
        // Past the relay.
        Assert.Equal("192.0.2.2", AssertAnswers(lab.Datagrams(lab.Outside, 0), HostAt(5353), server).Address.ToString());
        Assert.Equal(3, await relay.CountFlowsAsync());
    }

    [Fact]
    public void By_a_link_local_address()
    {
        using var server = lab.Datagrams(web, 53);
        var address = Namespaces.InNetwork(lab.Host, () => File.ReadAllLines("/proc/thread-self/net/if_inet6")).Single(line => line.EndsWith(" up0", StringComparison.Ordinal) && line.StartsWith("fe80", StringComparison.Ordinal))[..32];
        AssertAnswers(lab.Datagrams(lab.Outside, 0, six: true), new IPEndPoint(new IPAddress(Convert.FromHexString(address), 2), 5353), server);
    }

    [Fact]
    public async Task By_IPv4_while_the_filter_does_not_know_the_port_and_to_a_container_with_IPv6_alone()
    {
        lab.Filter.Remove(EndpointOf(1, 2));
        using var server = lab.Datagrams(web, 53);
        var outside = lab.Datagrams(lab.Outside, 0);
        AssertAnswers(outside, HostAt(5353), server);
        AssertAnswers(outside, new IPEndPoint(IPAddress.Parse("10.1.0.1"), 5353), server);
        Assert.Equal(2, await relay.CountFlowsAsync());
        Lead(new IPEndPoint(IPAddress.Parse("fd01::2"), 54));
        using var server6 = lab.Datagrams(web, 54, six: true);
        Assert.Equal("fd01::1", AssertAnswers(outside, HostAt(5353), server6).Address.ToString());
    }

    [Fact]
    public void Nothing_and_as_much_as_a_datagram_holds()
    {
        using var server = lab.Datagrams(web, 53);
        var client = lab.Datagrams(lab.Host, 0, six: true);
        var (there, back) = (new byte[65507], new byte[65507]);
        Random.Shared.NextBytes(there);
        Random.Shared.NextBytes(back);
        AssertAnswers(client, Loopback, server, there, back);
        AssertAnswers(client, Loopback, server, [], []);
        AssertAnswers(client, Loopback, server, [], back);
        // More than IPv4 can carry is lost, and nothing else with it.
        client.SendTo(new byte[65527], Loopback);
        AssertAnswers(client, Loopback, server, there, []);
    }

    [Fact]
    public async Task Clients_are_told_apart()
    {
        using var server = lab.Datagrams(web, 53);
        Socket[] clients = [.. Enumerable.Range(0, 50).Select(_ => lab.Datagrams(lab.Host, 0, six: true))];
        var seen = new IPEndPoint[clients.Length];
        for (var i = 0; i < clients.Length; i++)
        {
            clients[i].SendTo([(byte)i], Loopback);
            seen[i] = Expect(server, [(byte)i]);
        }
        Assert.Equal(clients.Length, seen.Distinct().Count());
        foreach (var i in Enumerable.Range(0, clients.Length).Reverse()) server.SendTo([(byte)i, 1], seen[i]);
        for (var i = 0; i < clients.Length; i++) Assert.Equal([(byte)i, 1], Receive(clients[i], Loopback));
        Assert.Equal(clients.Length, await relay.CountFlowsAsync());
    }

    [Fact]
    public async Task Where_nobody_has_the_port_the_flow_ends()
    {
        var client = lab.Datagrams(lab.Host, 0, six: true);
        for (var i = 0; i < 3; i++)
        {
            client.SendTo([1], Loopback);
            // Behind this, the datagram has been taken.
            await relay.CountFlowsAsync();
            await NoFlowsAsync();
        }
        for (var i = 0; i < 20; i++) client.SendTo([1], Loopback);
        using var server = lab.Datagrams(web, 53);
        AssertAnswers(client, Loopback, server);
    }

    [Fact]
    public async Task A_flow_ends_after_a_while_in_which_nothing_is_sent()
    {
        await ReplaceAsync(NewRelay(last: TimeSpan.FromSeconds(2)));
        using var server = lab.Datagrams(web, 53);
        var (client, busy) = (lab.Datagrams(lab.Host, 0, six: true), lab.Datagrams(lab.Host, 0, six: true));
        var first = AssertAnswers(client, Loopback, server);
        var kept = AssertAnswers(busy, Loopback, server);
        var begun = Environment.TickCount64;
        while (await relay.CountFlowsAsync() == 2)
        {
            await Task.Delay(50);
            // What only the container sends keeps it as well.
            server.SendTo([9], kept);
            Receive(busy, Loopback);
        }
        Assert.InRange(Environment.TickCount64 - begun, 1800, FilterLab.Timeout);
        Assert.Equal(1, await relay.CountFlowsAsync());
        Assert.Equal(kept, AssertAnswers(busy, Loopback, server));
        await NoFlowsAsync();
        Assert.NotEqual(first, AssertAnswers(client, Loopback, server));
    }

    [Fact]
    public async Task The_longest_idle_flow_makes_room()
    {
        await ReplaceAsync(NewRelay(max: 2));
        using var server = lab.Datagrams(web, 53);
        Socket[] clients = [.. Enumerable.Range(0, 3).Select(_ => lab.Datagrams(lab.Host, 0, six: true))];
        var first = AssertAnswers(clients[0], Loopback, server);
        var second = AssertAnswers(clients[1], Loopback, server);
        Assert.Equal(first, AssertAnswers(clients[0], Loopback, server));
        AssertAnswers(clients[2], Loopback, server);
        Assert.Equal(2, await relay.CountFlowsAsync());
        Assert.Equal(first, AssertAnswers(clients[0], Loopback, server));
        Assert.NotEqual(second, AssertAnswers(clients[1], Loopback, server));
        Assert.Equal(2, await relay.CountFlowsAsync());
    }

    [Fact]
    public async Task Ports_that_lead_elsewhere_end_their_flows()
    {
        using var server = lab.Datagrams(web, 53);
        var client = lab.Datagrams(lab.Host, 0, six: true);
        var seen = AssertAnswers(client, Loopback, server);
        Lead(Container);
        Assert.Equal(seen, AssertAnswers(client, Loopback, server));
        Lead(new IPEndPoint(Container.Address, 54));
        Assert.Equal(0, await relay.CountFlowsAsync());
        using var other = lab.Datagrams(web, 54);
        AssertAnswers(client, Loopback, other);
        Assert.Equal(0, server.Available);
    }

    [Fact]
    public async Task A_socket_that_was_kept_goes_on_with_what_has_waited_in_it()
    {
        using var server = lab.Datagrams(web, 53);
        var (client, outside) = (lab.Datagrams(lab.Host, 0, six: true), lab.Datagrams(lab.Outside, 0, six: true));
        AssertAnswers(client, Loopback, server);
        await relay.RemoveAsync([.. reserved.Select(reservation => reservation.Socket!)]);
        Assert.Equal(0, await relay.CountFlowsAsync());
        client.SendTo([1, 2], Loopback);
        outside.SendTo([3, 4], new IPEndPoint(IPAddress.Parse("fd01::1"), 5353));
        using var kept = reserved[1].Socket!.Duplicate();
        await relay.AddAsync((kept, Container));
        for (var i = 0; i < 2; i++)
        {
            var got = new byte[9];
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            var size = server.ReceiveFrom(got, ref from);
            server.SendTo(got.AsSpan(0, size), from);
        }
        Assert.Equal([1, 2], Receive(client, Loopback));
        Assert.Equal([3, 4], Receive(outside, new IPEndPoint(IPAddress.Parse("fd01::1"), 5353)));
        await relay.RemoveAsync(kept);
    }

    [Fact]
    public async Task Those_that_nobody_has_ever_taken_from_know_the_address_that_was_asked()
    {
        using var fresh = new PortReservations(lab.Host);
        var made = fresh.Allocate(new PortRequest(TransportProtocol.Udp, 53, [IPAddress.Any, IPAddress.IPv6Any], 5454, 5454));
        using var server = lab.Datagrams(web, 53);
        var (four, six) = (lab.Datagrams(lab.Outside, 0), lab.Datagrams(lab.Outside, 0, six: true));
        IPEndPoint[] asked = [new(IPAddress.Parse("10.1.0.1"), 5454), new(IPAddress.Parse("fd01::1"), 5454)];
        four.SendTo([7], asked[0]);
        six.SendTo([7], asked[1]);
        await relay.AddAsync([.. made.Select(reservation => (reservation.Socket!, Container))]);
        for (var i = 0; i < 2; i++) server.SendTo([8], Expect(server, [7]));
        Assert.Equal([8], Receive(four, asked[0]));
        Assert.Equal([8], Receive(six, asked[1]));
        await relay.RemoveAsync([.. made.Select(reservation => reservation.Socket!)]);
    }

    private PortRelay NewRelay(int max = 8192, TimeSpan? last = null) => new(lab.Host, (_, fault) => faults.Add(fault)) { MaxFlows = max, FlowsLast = last ?? TimeSpan.FromSeconds(90) };

    private async Task ReplaceAsync(PortRelay next)
    {
        await relay.RemoveAsync([.. reserved.Select(reservation => reservation.Socket!)]);
        relay.Dispose();
        relay = next;
        Lead(Container);
    }

    private void Lead(IPEndPoint target) => relay.AddAsync([.. reserved.Select(reservation => (reservation.Socket!, target))]).Wait();

    private async Task NoFlowsAsync()
    {
        var end = Environment.TickCount64 + FilterLab.Timeout;
        while (await relay.CountFlowsAsync() > 0 && Environment.TickCount64 < end) await Task.Delay(10);
        Assert.Equal(0, await relay.CountFlowsAsync());
    }

    /// <summary>A datagram goes there and another comes back, from where the first was sent to.</summary>
    /// <returns>The address that the server sees.</returns>
    private static IPEndPoint AssertAnswers(Socket client, IPEndPoint to, Socket server) => AssertAnswers(client, to, server, [4, 5, 6], [7]);

    private static IPEndPoint AssertAnswers(Socket client, IPEndPoint to, Socket server, byte[] question, byte[] answer)
    {
        client.SendTo(question, to);
        var from = Expect(server, question);
        server.SendTo(answer, from);
        Assert.Equal(answer, Receive(client, to));
        return from;
    }

    private static IPEndPoint Expect(Socket socket, byte[] bytes)
    {
        var buffer = new byte[1 << 16];
        EndPoint from = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var size = socket.ReceiveFrom(buffer, ref from);
        Assert.Equal(bytes, buffer[..size]);
        return (IPEndPoint)from;
    }

    private static byte[] Receive(Socket socket, IPEndPoint expected)
    {
        var buffer = new byte[1 << 16];
        EndPoint from = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        var size = socket.ReceiveFrom(buffer, ref from);
        Assert.Equal(expected, from);
        return buffer[..size];
    }
}

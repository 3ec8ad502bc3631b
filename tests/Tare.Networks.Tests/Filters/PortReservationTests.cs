using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Linux;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters.Ports;

namespace Tare.Networks.Tests.Filters;

/// <summary>Ports of a host of the case's own, taken and given back.</summary>
public sealed class PortReservationTests : IDisposable
{
    private static readonly IPAddress[] Both = [IPAddress.Any, IPAddress.IPv6Any];

    private readonly Fd host = Namespaces.NewNetwork();
    private readonly PortReservations ports;

    public PortReservationTests() => ports = new PortReservations(host);

    public void Dispose()
    {
        ports.Dispose();
        host.Dispose();
    }

    [Theory]
    [InlineData(TransportProtocol.Tcp)]
    [InlineData(TransportProtocol.Udp)]
    public void A_reserved_port_is_nobody_elses(TransportProtocol protocol)
    {
        var made = ports.Allocate(Exact(8080, protocol));
        Assert.Equal(Both, made.Select(reservation => reservation.Port.HostAddress));
        Assert.All(made, reservation => Assert.Equal((8080, 80), (reservation.Port.HostPort, reservation.Port.ContainerPort)));
        foreach (var address in (string[])["0.0.0.0", "127.0.0.1", "::", "::1"]) Assert.False(TryBind(protocol, address, 8080), address);
        Assert.True(TryBind(protocol, "0.0.0.0", 8081));
        ports.Release(made);
        ports.Release(made);
        Assert.Equal(0, ports.Count);
        Assert.True(TryBind(protocol, "0.0.0.0", 8080));
        ports.Release(ports.Allocate(Exact(8080, protocol)));
    }

    [Fact]
    public void A_port_of_another_container_is_refused_in_Dockers_words()
    {
        ports.Allocate(Exact(8080), new PortRequest(TransportProtocol.Tcp, 80, [IPAddress.Loopback], 8081, 8081));
        var refused = Assert.Throws<PortConflictException>(() => ports.Allocate(Exact(8082), Exact(8080)));
        Assert.Equal("Bind for 0.0.0.0:8080 failed: port is already allocated", refused.Message);
        Assert.True(refused.IsReserved);
        // None is left behind, and what differs is free.
        Assert.Equal(3, ports.Count);
        Assert.Equal("Bind for 127.0.0.1:8081 failed: port is already allocated", Assert.Throws<PortConflictException>(() => ports.Allocate(Exact(8081))).Message);
        ports.Allocate(Exact(8080, TransportProtocol.Udp), new PortRequest(TransportProtocol.Tcp, 80, [IPAddress.Parse("127.0.0.2")], 8081, 8081));
    }

    [Fact]
    public void A_process_that_has_the_port_is_named()
    {
        // Another process, whose socket this one does not have: nc's place is taken by a shell that inherits it.
        using var socket = Listen(8080);
        using var process = Namespaces.InNetwork(host, () => System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("python3", ["-c", "import socket,sys\ns=socket.socket(); s.bind(('127.0.0.1',9090)); s.listen(); print('x',flush=True); sys.stdin.read()"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!);
        try
        {
            Assert.Equal("x", process.StandardOutput.ReadLine());
            var request = Exact(9090) with { ContainerIPv4 = IPAddress.Parse("172.17.0.2") };
            var refused = Assert.Throws<PortConflictException>(() => ports.Allocate(request));
            Assert.StartsWith("failed to bind host port for 0.0.0.0:9090:172.17.0.2:80/tcp: address already in use by the process ", refused.Message, StringComparison.Ordinal);
            Assert.Equal((process.Id, false), (refused.Holder!.Pid, refused.IsReserved));
            Assert.Contains("python", refused.Holder.Name, StringComparison.Ordinal);
            Assert.Equal((IPAddress.Any, 9090, TransportProtocol.Tcp, ErrorKind.Internal), (refused.Address, refused.Port, refused.Protocol, refused.Kind));
        }
        finally
        {
            process.StandardInput.Close();
            process.WaitForExit();
        }
        // This process itself: nobody to be named.
        var own = Assert.Throws<PortConflictException>(() => ports.Allocate(Exact(8080)));
        Assert.EndsWith("address already in use", own.Message, StringComparison.Ordinal);
        Assert.Equal(0, ports.Count);
    }

    [Fact]
    public void What_an_earlier_server_has_left_does_not_hinder()
    {
        using (var server = Listen(8080))
        using (var client = Namespaces.InNetwork(host, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)))
        {
            client.Connect(new IPEndPoint(IPAddress.Loopback, 8080));
            // Who closes first keeps the port in TIME_WAIT.
            server.Accept().Dispose();
            Assert.Equal(0, client.Receive(new byte[1]));
        }
        ports.Allocate(Exact(8080));
    }

    [Fact]
    public void A_range_takes_the_first_port_that_is_free_everywhere()
    {
        using var other = Listen(8001);
        ports.Allocate(Exact(8000));
        var range = new PortRequest(TransportProtocol.Tcp, 80, Both, 8000, 8003);
        Assert.Equal([8002, 8002], ports.Allocate(range).Select(reservation => (int)reservation.Port.HostPort));
        // The exact one goes first, though it is asked for last.
        Assert.Throws<PortConflictException>(() => ports.Allocate(range, Exact(8003)));
        Assert.Equal([8003, 8003], ports.Allocate(range).Select(reservation => (int)reservation.Port.HostPort));
        var refused = Assert.Throws<PortConflictException>(() => ports.Allocate(range));
        Assert.Equal("failed to bind host port 8001 for 0.0.0.0:8000-8003:80/tcp: address already in use", refused.Message);
        Assert.Equal("all ports are allocated", Assert.Throws<PortConflictException>(() => ports.Allocate(range with { First = 8002 })).Message);
        Assert.Equal("invalid port range: 9-8", Assert.Throws<TareException>(() => ports.Allocate(range with { First = 9, Last = 8 })).Message);
    }

    [Fact]
    public void A_port_that_the_engine_chooses_is_one_of_the_kernels_and_each_time_another()
    {
        Tare.Linux.Netlink.NetworkSettings.Write(host, ("ipv4/ip_local_port_range", "40000 40003"), ("ipv4/ip_local_reserved_ports", "40001"));
        var any = new PortRequest(TransportProtocol.Tcp, 80, Both, 0, 0);
        var first = ports.Allocate(any);
        ports.Release(first);
        var second = ports.Allocate(any);
        Assert.Equal((40000, 40002), (first[0].Port.HostPort, second[0].Port.HostPort));
        Assert.Equal([40003, 40000], (int[])[ports.Allocate(any)[0].Port.HostPort, ports.Allocate(any)[1].Port.HostPort]);
        Assert.Throws<PortConflictException>(() => ports.Allocate(any));
    }

    [Fact]
    public void The_next_engine_goes_on_with_the_sockets()
    {
        var made = ports.Allocate(Exact(8080));
        var kept = made.Select(reservation => reservation with { Socket = reservation.Socket!.Duplicate() }).ToArray();
        ports.Dispose();
        Assert.False(TryBind(TransportProtocol.Tcp, "0.0.0.0", 8080));
        using var next = new PortReservations(host);
        next.Adopt(kept);
        Assert.Throws<InvalidOperationException>(() => next.Adopt(kept));
        Assert.Throws<PortConflictException>(() => next.Allocate(Exact(8080)));
        next.Release(kept);
        Assert.True(TryBind(TransportProtocol.Tcp, "0.0.0.0", 8080));
    }

    [Fact]
    public void An_address_that_the_host_has_not_is_refused()
    {
        var refused = Assert.Throws<TareException>(() => ports.Allocate(new PortRequest(TransportProtocol.Tcp, 80, [IPAddress.Any, IPAddress.Parse("203.0.113.1")], 8080, 8080)));
        Assert.Equal("failed to bind host port for 203.0.113.1:8080:80/tcp: cannot assign requested address: the host has no such address", refused.Message);
        Assert.Equal(0, ports.Count);
        Assert.True(TryBind(TransportProtocol.Tcp, "0.0.0.0", 8080));
    }

    [Theory]
    [InlineData("   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000 100", "127.0.0.1", 8080, true, 4242)]
    [InlineData("   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 77 2 0 0", "::1", 80, false, 77)]
    public void Lines_of_the_kernels_list_of_sockets(string line, string address, int port, bool listens, int inode) =>
        Assert.Equal((IPAddress.Parse(address), (ushort)port, listens, (ulong)inode), PortHolder.Read(line)!.Value);

    [Theory]
    [InlineData("32768\t60999\n", "\n", 32768, 60999, "")]
    [InlineData("1 2", "1,5-7,x,9-", 1, 2, "1 5 6 7")]
    [InlineData("2 1", "", 49153, 65535, "")]
    [InlineData("", "65534-65535", 49153, 65535, "65534 65535")]
    public void Settings_of_the_kernel(string range, string reserved, int first, int last, string excluded)
    {
        var read = KernelPorts.Parse(range, reserved);
        Assert.Equal((first, last, excluded), (read.First, read.Last, string.Join(' ', read.Excluded.Order())));
    }

    [Fact]
    public void Any_text_is_read_without_failing() => Prop.ForAll<string>(text =>
    {
        PortHolder.Read(text ?? "");
        PortHolder.Read($"1: {text}:1F90 00000000:0000 {text} 0 0 0 0 0 {text}");
        KernelPorts.Parse(text ?? "", text ?? "");
    }).QuickCheckThrowOnFailure();

    private static PortRequest Exact(ushort port, TransportProtocol protocol = TransportProtocol.Tcp) => new(protocol, 80, Both, port, port);

    private Socket Listen(int port) => Namespaces.InNetwork(host, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        socket.Listen();
        return socket;
    });

    private bool TryBind(TransportProtocol protocol, string address, int port) => Namespaces.InNetwork(host, () =>
    {
        var (at, stream) = (IPAddress.Parse(address), protocol == TransportProtocol.Tcp);
        using var socket = new Socket(at.AddressFamily, stream ? SocketType.Stream : SocketType.Dgram, stream ? ProtocolType.Tcp : ProtocolType.Udp);
        if (stream) socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        try
        {
            socket.Bind(new IPEndPoint(at, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    });
}

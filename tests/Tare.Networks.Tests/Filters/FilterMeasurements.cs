using System.Diagnostics;
using System.Globalization;
using System.Net;
using Tare.Linux;
using Tare.Networks.Endpoints;
using Tare.Networks.Filters;
using Tare.Networks.Filters.Ports;
using Tare.Networks.Filters.Relays;
using Xunit.Abstractions;
using static Tare.Networks.Tests.Filters.FilterLab;

namespace Tare.Networks.Tests.Filters;

/// <summary>How fast: printed. Only what would be a mistake of design is asserted.</summary>
[Collection(nameof(Dns.DnsMeasurements))]
public sealed class FilterMeasurements(ITestOutputHelper output)
{
    [Fact]
    public void Ten_thousand_ports()
    {
        const int Count = 10_000, Rounds = 7;
        using var host = Namespaces.NewNetwork();
        using var filter = BridgeFilter.Open("tare", host);
        using var reservations = new PortReservations(host);
        filter.Restore([NetworkOf(1)], []);
        var requests = Enumerable.Range(10_000, Count).Select(port => new PortRequest(TransportProtocol.Tcp, 80, [IPAddress.Any], (ushort)port, (ushort)port)).ToArray();
        var (reserving, adding, both, removing, restoring) = (new double[Rounds], new double[Rounds], new double[Rounds], new double[Rounds], new double[Rounds]);
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            var made = reservations.Allocate(requests);
            reserving[round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            var endpoint = EndpointOf(1, 2, [.. made.Select(reservation => reservation.Port)]);
            var middle = Stopwatch.GetTimestamp();
            filter.Add(endpoint);
            adding[round] = Stopwatch.GetElapsedTime(middle).TotalMilliseconds;
            both[round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            start = Stopwatch.GetTimestamp();
            filter.Replace();
            restoring[round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            start = Stopwatch.GetTimestamp();
            filter.Remove(endpoint);
            reservations.Release(made);
            removing[round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        Print("10,000 ports reserved", reserving, "ms");
        Print("10,000 ports put into the filter", adding, "ms");
        Print("both", both, "ms");
        Print("the table made anew with them", restoring, "ms");
        Print("withdrawn and given back", removing, "ms");
        Assert.True(both.Min() < 1000, "10,000 ports take more than a second");
    }

    [Fact]
    public void One_container_after_the_other_beside_many()
    {
        const int Rounds = 200;
        using var host = Namespaces.NewNetwork();
        using var filter = BridgeFilter.Open("tare", host);
        using var reservations = new PortReservations(host);
        var networks = Enumerable.Range(1, 200).Select(number => NetworkOf((byte)number)).ToArray();
        var others = Enumerable.Range(0, 5000).Select(i => EndpointOf((byte)(1 + (i % 200)), (byte)(2 + (i / 200)), Tcp("0.0.0.0", (ushort)(20_000 + i), 80))).ToArray();
        filter.Restore(networks, others);
        var (adding, removing, network) = (new double[Rounds], new double[Rounds], new double[Rounds]);
        for (var i = 0; i < Rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var made = reservations.Allocate(new PortRequest(TransportProtocol.Tcp, 80, [IPAddress.Any, IPAddress.IPv6Any], 0, 0));
            var endpoint = EndpointOf(1, 250, [.. made.Select(reservation => reservation.Port)]);
            filter.Add(endpoint);
            adding[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            start = Stopwatch.GetTimestamp();
            filter.Remove(endpoint);
            reservations.Release(made);
            removing[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            start = Stopwatch.GetTimestamp();
            filter.Add(NetworkOf(201));
            filter.Remove(NetworkOf(201));
            network[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
        Print("beside 200 networks and 5,000 ports: one port reserved and published", adding, "µs");
        Print("and withdrawn", removing, "µs");
        Print("a network made and removed", network, "µs");
    }

    [Theory]
    [InlineData(TransportProtocol.Tcp)]
    [InlineData(TransportProtocol.Udp)]
    public async Task A_port_of_a_relay_that_nobody_uses_is_small(TransportProtocol protocol)
    {
        const int Count = 2000;
        using var host = Namespaces.NewNetwork();
        using var reservations = new PortReservations(host);
        using var relay = new PortRelay(host);
        var made = reservations.Allocate([.. Enumerable.Range(10_000, Count).Select(port => new PortRequest(protocol, 80, [IPAddress.IPv6Any], (ushort)port, (ushort)port))]);
        var threads = Directory.GetDirectories("/proc/self/task").Length;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var start = Stopwatch.GetTimestamp();
        await relay.AddAsync([.. made.Select(reservation => (reservation.Socket!, new IPEndPoint(IPAddress.Loopback, 80)))]);
        var took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Count;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{each} bytes of managed memory for each idle port of the relay; {Count} are added in {took:F1} ms"));
        Assert.InRange(each, 1, 1500);
        Assert.InRange(Directory.GetDirectories("/proc/self/task").Length - threads, -50, 20);
        await relay.RemoveAsync([.. made.Select(reservation => reservation.Socket!)]);
    }

    private void Print(string what, double[] times, string unit)
    {
        Array.Sort(times);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {times[0]:F1} {unit} at least, {times[times.Length / 2]:F1} {unit} in the median"));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using Tare.Linux;
using Tare.Networks.Dns.Messages;
using Tare.Networks.Dns.Names;
using Tare.Networks.Dns.Server;
using Xunit.Abstractions;
using static Tare.Networks.Tests.Dns.DnsMessages;

namespace Tare.Networks.Tests.Dns;

/// <summary>What counts memory and threads of the whole process runs beside nothing else.</summary>
[CollectionDefinition(nameof(DnsMeasurements), DisableParallelization = true)]
public sealed class DnsMeasurements;

/// <summary>How much and how fast: printed. Only what would be a mistake of design is asserted.</summary>
[Collection(nameof(DnsMeasurements))]
public sealed class DnsLoadTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Questions_one_after_the_other_and_many_at_once()
    {
        await using var dns = new DnsFixture();
        await using var upstream = dns.Upstream(true, (message, _) => [Answer(message, DnsResponseCode.NoError, IPAddress.Loopback)]);
        dns.Forward(new DnsUpstream(upstream.Address, true));
        var socket = dns.Connect(stream: false);
        Descriptors.SetNonBlocking(socket, false);
        var web = Query("web.net", DnsRecordType.A);
        Print("one name", Times(socket, web, 5000));
        Print("one forwarded from the host", Times(socket, Query("else.where", DnsRecordType.A), 1000));
        await using var own = dns.Upstream(false, (message, _) => [Answer(message, DnsResponseCode.NoError, IPAddress.Loopback)]);
        dns.Forward(new DnsUpstream(own.Address, false));
        Print("one forwarded from the container", Times(socket, Query("else.where", DnsRecordType.A), 1000));

        const int Window = 64, Total = 100_000;
        var buffer = new byte[512];
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Window; i++) IpSocket.TrySend(socket, web, out _);
        for (var i = 0; i < Total; i++)
        {
            IpSocket.TryReceive(socket, buffer, stream: false, out _);
            IpSocket.TrySend(socket, web, out _);
        }
        output.WriteLine($"{Total / watch.Elapsed.TotalSeconds:F0} questions per second, {Window} at once, from one client thread");
    }

    [Fact]
    public async Task An_idle_sandbox_is_small()
    {
        const int Count = 1000;
        using var container = Namespaces.NewNetwork();
        using var server = new DnsServer(new DnsServerOptions());
        var network = new DnsNetwork("net");
        var sockets = Enumerable.Range(0, Count).Select(i => new DnsSockets(Open(i, stream: false), Open(i, stream: true))).ToArray();
        var threads = Threads();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var sandboxes = new List<DnsSandbox>();
        for (var i = 0; i < Count; i++)
        {
            network.Set($"{i}", [$"name{i}", $"{i:x12}"], [new IPAddress([10, 0, (byte)(i / 256), (byte)i])]);
            var sandbox = new DnsSandbox($"{i:x64}") { View = new DnsView { Networks = [new DnsAttachment(network)], IsExternal = true } };
            sandboxes.Add(sandbox);
            await server.AttachAsync(sandbox, sockets[i]);
        }
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Count;
        output.WriteLine($"{each} bytes of managed memory for each idle sandbox with its names");
        Assert.InRange(each, 1, 5000);
        Assert.InRange(Threads() - threads, -50, 20);
        foreach (var sandbox in sandboxes) await server.DetachAsync(sandbox);
        foreach (var pair in sockets)
        {
            pair.Datagrams.Dispose();
            pair.Connections.Dispose();
        }

        Fd Open(int i, bool stream) => DnsSocketExtensions.Open(container, stream, new IPEndPoint(new IPAddress([127, 1, (byte)(i / 256), (byte)i]), 53));
        static int Threads() => Directory.GetDirectories("/proc/self/task").Length;
    }

    private void Print(string what, double[] times)
    {
        Array.Sort(times);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {times[0]:F0} µs at least, {times[times.Length / 2]:F0} µs in the median"));
    }

    private static double[] Times(Fd socket, byte[] question, int count)
    {
        var buffer = new byte[512];
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            IpSocket.TrySend(socket, question, out _);
            Assert.InRange(IpSocket.TryReceive(socket, buffer, stream: false, out _), 12, 512);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
        return times;
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Networks.Bridges;
using Tare.Networks.Links;
using Xunit.Abstractions;
using static Tare.Networks.Tests.Links.LinkFixture;

namespace Tare.Networks.Tests.Links;

/// <summary>What measures, or keeps both processors busy, runs beside nothing else.</summary>
[CollectionDefinition(nameof(LinkMeasurements), DisableParallelization = true)]
public sealed class LinkMeasurements;

/// <summary>How fast, and how many at once. Times are printed; only what would be a mistake of design is asserted.</summary>
[Collection(nameof(LinkMeasurements))]
public sealed class LinkLoadTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Attaching_step_by_step()
    {
        const int Count = 200;
        using var fixture = new LinkFixture();
        var network = fixture.Make("10.1.0.0/24", "fd01::/64");
        var options = BridgeOptions.Read(network.Options, false);
        var times = new Dictionary<string, List<double>>();
        for (var i = 0; i < Count; i++)
        {
            SandboxNetwork? made = null;
            Measure("ahead: make a namespace, prepared", () => made = SandboxNetwork.New());
            using var sandbox = made!;
            sandbox.Relax();
            Measure("prepare a namespace that there is", sandbox.Prepare);
            var endpoint = Endpoint(network, fixture.NewId(), 2);
            SandboxLink? link = null;
            Measure("attach", () => link = fixture.Links.Attach(network, endpoint, sandbox, "eth0"));
            Measure("set the ways out", () => SandboxLinks.SetGateways(sandbox, WayOut(network, "eth0", AddressFamily.InterNetwork), WayOut(network, "eth0", AddressFamily.InterNetworkV6)));
            var start = Stopwatch.GetTimestamp();
            Assert.True(await fixture.Readiness.WaitAsync(link!, sandbox, TimeSpan.FromSeconds(10), CancellationToken.None));
            Note("wait until packets pass", start);
            Measure("detach", () => fixture.Links.Detach(endpoint));

            endpoint = Endpoint(network, fixture.NewId(), 3);
            Measure("attach: on the host", () => fixture.Links.MakePair(network, options, endpoint, sandbox, "eth0"));
            Measure("attach: in the container", () => SandboxLinks.Configure(network, endpoint, sandbox, "eth0"));
            Measure("silence", () => fixture.Links.Silence(endpoint));
            fixture.Links.Detach(endpoint);
        }

        foreach (var (step, list) in times)
        {
            list.Sort();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step}: {list[0]:F0} µs at least, {list[list.Count / 2]:F0} µs in the median"));
        }

        Assert.InRange(times["attach"].Min(), 0, 5_000);

        void Measure(string step, Action action)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            Note(step, start);
        }

        void Note(string step, long start)
        {
            if (!times.TryGetValue(step, out var list)) times[step] = list = [];
            list.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }
    }

    [Fact]
    public async Task A_hundred_at_once_leave_nothing()
    {
        const int Count = 100;
        using var fixture = new LinkFixture();
        var network = fixture.Make("10.1.0.0/24", "fd01::/64");
        var sandboxes = Enumerable.Range(0, Count).Select(_ => fixture.NewSandbox()).ToArray();
        var endpoints = Enumerable.Range(0, Count).Select(i => Endpoint(network, fixture.NewId(), (byte)(i + 2))).ToArray();
        var watch = Stopwatch.StartNew();
        await Parallel.ForAsync(0, Count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, stop) =>
        {
            var link = fixture.Links.Attach(network, endpoints[i], sandboxes[i], "eth0");
            SandboxLinks.SetGateways(sandboxes[i], WayOut(network, "eth0", AddressFamily.InterNetwork), WayOut(network, "eth0", AddressFamily.InterNetworkV6));
            Assert.True(await fixture.Readiness.WaitAsync(link, sandboxes[i], TimeSpan.FromSeconds(30), stop));
        });
        output.WriteLine($"{Count} attached in {watch.ElapsedMilliseconds} ms");
        using var server = fixture.Listen(sandboxes[Count - 1].Namespace, IPAddress.Any, 80);
        foreach (var sandbox in sandboxes[..10]) Assert.NotNull(fixture.Reach(sandbox.Namespace, endpoints[Count - 1].IPv4!, server));
        watch.Restart();
        await Parallel.ForAsync(0, Count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, (i, _) =>
        {
            fixture.Links.Detach(endpoints[i]);
            return ValueTask.CompletedTask;
        });
        output.WriteLine($"{Count} detached in {watch.ElapsedMilliseconds} ms");
        Assert.Equal([network.Device, "lo"], fixture.HostDevices.Select(device => device.Id.Name).Order());
        Assert.All(sandboxes, sandbox => Assert.Equal("lo", Assert.Single(sandbox.Use(links => links.Links())).Id.Name));
    }
}

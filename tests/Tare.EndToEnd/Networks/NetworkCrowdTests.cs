using System.Diagnostics;
using System.Globalization;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd.Networks;

/// <summary>Many containers and networks come and go at the same time, and nothing of them stays.</summary>
public sealed class NetworkCrowdTests : OwnDaemonTests
{
    private const int Containers = 100;
    private const int Networks = 200;
    private const int AtOnce = 12;

    [TareFact]
    public Task A_hundred_containers_with_ports_on_two_networks_come_and_go() => WithDaemon(async own =>
    {
        NetworkTraces traces = await NetworkTraces.BeginAsync(own.Daemon, own.Api);
        await own.Ok("network", "create", "front");
        await own.Ok("network", "create", "--ipv6", "back");
        await ComeAndGoAsync(own, "warm", AtOnce);
        await EverythingLeavesAsync(own, traces);
        (int daemonBefore, int keeperBefore) = (Processes.DescriptorCount(own.Daemon.Pid), Processes.DescriptorCount(own.Daemon.KeeperPid));
        long memoryBefore = MemoryOf(own.Daemon.Pid);

        Stopwatch watch = Stopwatch.StartNew();
        await ComeAndGoAsync(own, "short", Containers);
        TimeSpan short1 = watch.Elapsed;
        watch.Restart();
        await InParallelAsync(Containers, number => RunAsync(own, "long", number));
        TimeSpan come = watch.Elapsed;
        await traces.AreRightAsync();
        Assert.Equal(Containers, (await own.Ok("ps", "-q")).Split('\n').Length);
        // Each is reached by its port and by its name.
        await InParallelAsync(10, async ten => Assert.Equal($"long{ten * 9}", (await Running.RunAsync("curl", ["-sS", "--retry", "3", "--retry-connrefused", $"http://127.0.0.1:{PortOf(ten * 9)}/"])).Ok().Text));
        Assert.Equal("long99", (await own.Tare("exec", "long0", "wget", "-qO-", "http://long99/")).Ok().Text);
        long memoryFull = MemoryOf(own.Daemon.Pid);
        watch.Restart();
        await InParallelAsync(Containers, number => own.Ok("rm", "-f", $"long{number}"));
        TimeSpan go = watch.Elapsed;
        await EverythingLeavesAsync(own, traces);

        Note.Write(string.Create(CultureInfo.InvariantCulture,
            $"networks: {Containers} containers on two networks with three ports each, {AtOnce} at a time: run and removed in {short1.TotalSeconds:F1} s; all started in {come.TotalSeconds:F1} s, removed in {go.TotalSeconds:F1} s; daemon {memoryBefore >> 10} KiB before, {memoryFull >> 10} with them, {MemoryOf(own.Daemon.Pid) >> 10} after"));
        // Pools may have filled to their sizes.
        await Eventually.TrueAsync(
            () => Processes.DescriptorCount(own.Daemon.Pid) <= daemonBefore + 40 && Processes.DescriptorCount(own.Daemon.KeeperPid) <= keeperBefore + 5,
            () => $"descriptors: daemon {daemonBefore} and then {Processes.DescriptorCount(own.Daemon.Pid)}, keeper {keeperBefore} and then {Processes.DescriptorCount(own.Daemon.KeeperPid)}");
        await Eventually.EqualAsync(0, async () => (await own.Tare("network", "rm", "front", "back")).Code);
        await traces.AreGoneAsync();
    });

    [TareFact]
    public Task Two_hundred_networks_are_made_and_removed() => WithDaemon(async own =>
    {
        NetworkTraces traces = await NetworkTraces.BeginAsync(own.Daemon, own.Api);
        await own.Ok("network", "create", "first");
        await own.Ok("network", "rm", "first");
        int daemonBefore = Processes.DescriptorCount(own.Daemon.Pid);
        Stopwatch watch = Stopwatch.StartNew();
        await InParallelAsync(Networks, number => own.Ok(["network", "create", .. number % 4 == 0 ? new[] { "--ipv6" } : [], .. number % 5 == 0 ? new[] { "--internal" } : [], $"net{number}"]));
        TimeSpan made = watch.Elapsed;
        await traces.AreRightAsync();
        Assert.Equal(Networks, (await own.Ok("network", "ls", "-q", "--filter", "type=custom")).Split('\n').Length);
        string[] subnets = (await own.Ok(["network", "inspect", "-f", "{{range .IPAM.Config}}{{.Subnet}} {{end}}", .. Enumerable.Range(0, Networks).Select(number => $"net{number}")])).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(subnets.Length, subnets.Distinct().Count());
        watch.Restart();
        await InParallelAsync(Networks, number => own.Ok("network", "rm", $"net{number}"));
        Note.Write(string.Create(CultureInfo.InvariantCulture,
            $"networks: {Networks} made in {made.TotalSeconds:F1} s and removed in {watch.Elapsed.TotalSeconds:F1} s by the command line, {AtOnce} at a time; daemon {MemoryOf(own.Daemon.Pid) >> 10} KiB"));
        await traces.AreGoneAsync();
        Assert.InRange(Processes.DescriptorCount(own.Daemon.Pid), 0, daemonBefore + 20);
    });

    private static int PortOf(int number) => 21000 + number;

    private static Task RunAsync(Own own, string name, int number) => own.Ok(
        "run", "-d", "--name", $"{name}{number}", "--hostname", $"{name}{number}", "--network", "front", "--network", "back", "-p", $"{PortOf(number)}:80", "-p", $"127.0.0.1:{PortOf(number)}:53/udp", "-p", "81",
        Image, "sh", "-c", "mkdir /www; hostname >/www/index.html; exec httpd -f -p 80 -h /www");

    private static Task ComeAndGoAsync(Own own, string name, int count) => InParallelAsync(count, async number =>
    {
        await RunAsync(own, name, number);
        if (number % 3 == 0) await own.Ok("network", "disconnect", "back", $"{name}{number}");
        await own.Ok("rm", "-f", $"{name}{number}");
    });

    private static async Task InParallelAsync(int count, Func<int, Task> work)
    {
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            int number;
            while ((number = Interlocked.Increment(ref next) - 1) < count) await work(number);
        }));
    }

    private static async Task EverythingLeavesAsync(Own own, NetworkTraces traces)
    {
        Assert.Empty(await own.Api.ContainersAsync());
        await traces.AreRightAsync();
    }

    private static long MemoryOf(int pid) =>
        long.Parse(File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
}

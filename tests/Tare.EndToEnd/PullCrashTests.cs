using System.Diagnostics;
using System.Globalization;
using Tare.Distribution.Tests.Harness;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Registries;

namespace Tare.EndToEnd;

/// <summary>The daemon is killed while images come, are made and go: the next one has all of a thing or nothing, and no file that it does not know of.</summary>
public sealed class PullCrashTests : OwnDaemonTests
{
    private const int Kills = 8;

    private static readonly RegistryImage Pulled = RegistryImage.Make(400_000, 60_000, 60_000);

    [TareFact]
    public Task A_pull_is_killed_at_every_moment() => WithDaemon(async own =>
    {
        await using FaultyRegistry registry = new(Pulled);
        RegistryBlob layer = Pulled.Layers[1];
        string pid = await own.Ok("inspect", "-f", "{{.State.Pid}}", await own.Detached("bystander", "while :; do sleep 1000; done"));
        int keeper = own.Daemon.KeeperPid;
        (string Name, Func<ReceivedRequest, Reply?> Fault, Func<Running, bool> Reached)[] moments =
        [
            ("before the manifest", request => FaultyRegistry.IsManifest(request) ? Silent(Pulled.Manifest, -1) : null, _ => registry.Manifests > 0),
            ("in the manifest", request => FaultyRegistry.IsManifest(request) ? Silent(Pulled.Manifest, 100) : null, _ => registry.Manifests > 0),
            ("in the configuration", request => FaultyRegistry.Is(request, Pulled.Config) ? Silent(Pulled.Config.Bytes, 20) : null, _ => registry.CountOf(Pulled.Config) > 0),
            .. new[] { 0, 10, 1000, 100_000, 300_000, layer.Bytes.Length - 9, layer.Bytes.Length - 1 }.Select(AtByte),
            ("when only one layer is missing", request => FaultyRegistry.Is(request, layer) ? Silent(layer.Bytes, 200_000) : null, pull => pull.Out.Split("Pull complete").Length == Pulled.Layers.Count - 1),
            ("while it waits to try again", request => FaultyRegistry.Is(request, layer) ? Reply.Of(503) : null, _ => registry.CountOf(layer) > 1),
            ("while the registry is asked anew", request => FaultyRegistry.Is(request, layer) ? Silent(layer.Bytes, 50_000) with { SilentAfter = null, CutAfter = 50_000 } : null, _ => registry.CountOf(layer) > 2),
        ];
        (string, Func<ReceivedRequest, Reply?>, Func<Running, bool>) AtByte(int cut) => (
            $"at byte {cut} of a layer",
            request => FaultyRegistry.Is(request, layer) ? Silent(layer.Bytes, cut) : null,
            pull => registry.CountOf(layer) > 0 && (cut < 1000 || pull.Out.Contains("Pull complete", StringComparison.Ordinal)));

        StoreState before = await StoreState.AtRestAsync(own.Daemon, own.Api);
        foreach ((string name, Func<ReceivedRequest, Reply?> fault, Func<Running, bool> reached) in moments)
        {
            registry.Fault = fault;
            registry.ForgetRequests();
            using Running pull = own.Start("pull", registry.Name);
            await Eventually.TrueAsync(() => reached(pull), () => $"{name} was never reached: {pull.Out} {pull.Err}", stop: () => pull.HasExited);
            own.Daemon.KillDaemon();
            Assert.NotEqual(0, (await pull.EndAsync()).Code);
            await own.Daemon.StartAgainAsync();
            StoreState after = await StoreState.AtRestAsync(own.Daemon, own.Api);
            Assert.True(before.Durable() == after.Durable(), $"killed {name}\nbefore: {before}\nafter: {after}");
            Assert.Equal($"running {pid}", await own.Ok("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", "bystander"));
            Assert.Equal(keeper, own.Daemon.KeeperPid);
            registry.Fault = _ => null;
            await own.Ok("pull", registry.Name);
            Assert.Equal("whole", await own.Ok("run", "--rm", "--network", "none", registry.Name, "echo", "whole"));
            await own.Ok("rmi", registry.Name);
            await SettlesAsync(own, before);
        }
    });

    [TareFact]
    public Task A_load_is_killed() => WithDaemon(async own =>
    {
        byte[] archive = new ImageArchive { Layers = { BaseImage.BusyboxLayer, Many(50, 100_000) } }.Docker("tare-test/loaded:latest");
        StoreState before = await StoreState.AtRestAsync(own.Daemon, own.Api);
        for (int part = 1; part < Kills; part++)
        {
            using Running load = own.Start("load");
            // The rest is held back: what was written is read up to there.
            await load.WriteAsync(archive[..(int)((long)archive.Length * part / Kills)]);
            await Eventually.TrueAsync(() => part == 1 || Directory.EnumerateDirectories(Path.Combine(own.Daemon.DataRoot, "layers")).Count() > 1, () => "nothing is extracted");
            own.Daemon.KillDaemon();
            load.CloseStdin();
            Assert.NotEqual(0, (await load.EndAsync()).Code);
            await own.Daemon.StartAgainAsync();
            Assert.Equal(before.Durable(), (await StoreState.AtRestAsync(own.Daemon, own.Api)).Durable());
        }
        (await own.Tare(archive, "load")).Ok();
        Assert.Equal("whole", await own.Ok("run", "--rm", "--network", "none", "tare-test/loaded", "echo", "whole"));
    });

    [TareFact]
    public Task A_commit_is_killed_and_so_is_a_removal() => WithDaemon(async own =>
    {
        (await own.Tare(new ImageArchive { Layers = { BaseImage.BusyboxLayer, Many(800, 500) } }.Docker("tare-test/large:latest"), "load")).Ok();
        await own.Ok("run", "--name", "source", "--network", "none", "tare-test/large", "sh", "-c", "cp -r /many /more; cp -r /many /most");
        StoreState before = await StoreState.AtRestAsync(own.Daemon, own.Api);
        Stopwatch watch = Stopwatch.StartNew();
        await own.Ok("commit", "source", "tare-test/committed");
        TimeSpan commit = watch.Elapsed;
        watch.Restart();
        await own.Ok("rmi", "tare-test/committed");
        TimeSpan removal = watch.Elapsed;
        await SettlesAsync(own, before);
        for (int kill = 0; kill < Kills; kill++)
        {
            await KilledAfterAsync(own, commit * kill / Kills, "commit", "source", "tare-test/committed");
            bool made = (await own.Tare("image", "inspect", "tare-test/committed")).Code == 0;
            if (!made)
            {
                await SettlesAsync(own, before);
                await own.Ok("commit", "source", "tare-test/committed");
            }
            Assert.Equal("2400", await own.Ok("run", "--rm", "--network", "none", "tare-test/committed", "sh", "-c", "ls /many /more /most | grep -c file"));
            await KilledAfterAsync(own, removal * kill / Kills, "rmi", "tare-test/committed");
            // The name goes first, as with Docker: killed after it, the daemon has an image without a name, which is accounted for.
            await own.Ok("image", "prune", "--force");
            if ((await own.Tare("image", "inspect", "tare-test/committed")).Code == 0)
            {
                Assert.Equal("2400", await own.Ok("run", "--rm", "--network", "none", "tare-test/committed", "sh", "-c", "ls /many /more /most | grep -c file"));
                await own.Ok("rmi", "tare-test/committed");
            }
            await SettlesAsync(own, before);
        }
    });

    /// <summary>Waits until all is as it was: the files of a container that is gone go in the background.</summary>
    private static Task SettlesAsync(Own own, StoreState before) =>
        Eventually.EqualAsync(before.Durable(), async () => (await StoreState.OfAsync(own.Daemon, own.Api)).Durable());

    /// <summary>Kills the daemon so long after a command has begun, and starts the next one; what it finds is accounted for.</summary>
    private static async Task KilledAfterAsync(Own own, TimeSpan after, params string[] command)
    {
        using Running running = own.Start(command);
        // Not to await anything: this chooses the moment.
        await Task.Delay(after);
        own.Daemon.KillDaemon();
        await running.EndAsync();
        await own.Daemon.StartAgainAsync();
        await Eventually.EqualAsync("", async () => (await StoreState.OfAsync(own.Daemon, own.Api)).Complaints);
    }

    private static Reply Silent(byte[] body, int after) => Reply.Bytes(body) with { SilentAfter = after };

    private static byte[] Many(int count, int length)
    {
        TarMaker tar = new TarMaker().Folder("many");
        for (int i = 0; i < count; i++)
            tar.File($"many/file{i.ToString(CultureInfo.InvariantCulture)}", new byte[length]);
        return tar.End();
    }
}

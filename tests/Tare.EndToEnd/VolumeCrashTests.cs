using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>The daemon is killed while volumes are made, filled, used and removed.</summary>
public sealed class VolumeCrashTests : OwnDaemonTests
{
    private const int Rounds = 6;

    [TareFact]
    public Task Whatever_the_moment_every_directory_is_a_volume_and_every_anonymous_one_has_its_container() => WithDaemon(async own =>
    {
        string image = "tare-test/volume-crash:latest";
        await own.Ok("run", "--name", "maker", "--network", "none", Image, "sh", "-c", "mkdir /data; for i in $(seq 300); do echo $i >/data/$i; done");
        await own.Ok("commit", "-c", "VOLUME /data", "maker", image);
        await own.Ok("rm", "maker");
        Random random = new(7);
        for (int round = 0; round < Rounds; round++)
        {
            using CancellationTokenSource enough = new();
            Task[] workers = [.. Enumerable.Range(0, 3).Select(worker => WorkAsync(own, image, $"r{round}w{worker}", enough.Token))];
            await Task.Delay(random.Next(50, 700));
            own.Daemon.KillDaemon();
            await enough.CancelAsync();
            await Task.WhenAll(workers);
            await own.Daemon.StartAgainAsync();
            await EverythingIsAccountedForAsync(own);
        }
    });

    [TareFact]
    public Task A_mounted_volume_outlives_the_daemon_and_is_unmounted_after_its_last_container() => WithDaemon(async own =>
    {
        await own.Ok("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "memory");
        await own.Ok("run", "-d", "--name", "one", "--network", "none", "-v", "memory:/m", Image, "sh", "-c", "echo kept >/m/f; trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        Assert.True(IsMounted(own));
        own.Daemon.KillDaemon();
        await own.Daemon.StartAgainAsync();
        Assert.True(IsMounted(own));
        await Eventually.EqualAsync("kept", async () => (await own.Tare("run", "--rm", "--network", "none", "-v", "memory:/n", Image, "cat", "/n/f")).Text);
        Assert.True(IsMounted(own));
        await own.Ok("kill", "one");
        await Eventually.TrueAsync(() => !IsMounted(own), () => "it is still mounted");

        // The container ends while there is no daemon.
        await own.Ok("start", "one");
        int pid = int.Parse(await own.Ok("inspect", "-f", "{{.State.Pid}}", "one"), System.Globalization.CultureInfo.InvariantCulture);
        own.Daemon.KillDaemon();
        Processes.Signal(pid, Processes.SIGKILL);
        await own.Daemon.StartAgainAsync();
        await Eventually.TrueAsync(() => !IsMounted(own), () => "it is still mounted after the daemon has returned");
        await own.Ok("rm", "-f", "one");
        await own.Ok("volume", "rm", "memory");
    });

    private static bool IsMounted(Own own) =>
        File.ReadLines("/proc/self/mountinfo").Any(line => line.Contains(own.Daemon.Folder, StringComparison.Ordinal) && line.Contains("/volumes/memory/_data", StringComparison.Ordinal));

    private static async Task WorkAsync(Own own, string image, string name, CancellationToken enough)
    {
        for (int i = 0; !enough.IsCancellationRequested; i++)
        {
            string container = $"{name}n{i}";
            await own.Tare("create", "--name", container, "--network", "none", "-v", $"named-{name}:/data", "-v", "/other", image, "true");
            await own.Tare("create", "--name", container + "a", "--network", "none", image, "true");
            if (i % 2 == 0)
                await own.Tare("rm", "-v", container, container + "a");
        }
    }

    private static async Task EverythingIsAccountedForAsync(Own own)
    {
        string folder = Path.Combine(own.Daemon.Folder, "data", "volumes");
        HashSet<string> used = [];
        foreach (JsonNode container in await own.Api.ContainersAsync())
            used.UnionWith(((JsonArray)container["Mounts"]!).Select(mount => (string)mount!["Name"]!));
        string[] volumes = [.. ((JsonArray)(await own.Api.GetAsync("volumes"))["Volumes"]!).Select(volume => (string)volume!["Name"]!).Order(StringComparer.Ordinal)];
        await Eventually.TrueAsync(
            () => Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).SequenceEqual(volumes),
            () => $"directories {string.Join(' ', Directory.EnumerateDirectories(folder).Select(Path.GetFileName))} and volumes {string.Join(' ', volumes)}");
        Assert.DoesNotContain(volumes, volume => !volume.StartsWith("named-", StringComparison.Ordinal) && !used.Contains(volume));
        foreach (string volume in volumes)
        {
            int files = Directory.GetFiles(Path.Combine(folder, volume, "_data")).Length;
            Assert.True(files is 0 or 300, $"{volume} has {files} files");
        }
    }
}

using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>The daemon is killed while containers that have images mounted are made, run and removed; and the same images as copies.</summary>
public sealed class ImageMountCrashTests : OwnDaemonTests
{
    private const int Rounds = 5;
    private const string Mounted = "tare-test/mounted:latest";

    [TareFact]
    public Task Whatever_the_moment_nothing_is_left_but_what_containers_have() => WithDaemon(KilledAtAnyMomentAsync);

    [TareFact]
    public Task Whatever_the_moment_no_copy_is_left_but_what_containers_have() => WithDaemon(KilledAtAnyMomentAsync, options: ["--storage-driver", "vfs"]);

    [TareFact]
    public Task A_mounted_image_outlives_the_daemon_and_its_layers_go_with_the_container() => WithDaemon(async own =>
    {
        await MakeAsync(own);
        await own.Ok("run", "-d", "--name", "one", "--network", "none", "--mount", $"type=image,source={Mounted},target=/x", "--mount", $"type=image,source={Mounted},target=/y,image-subpath=data/1", Image, "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        own.Daemon.KillDaemon();
        await own.Daemon.StartAgainAsync();
        Assert.Equal("1\n7", await own.Ok("exec", "one", "cat", "/y", "/x/data/7"));
        Assert.Contains("is using its referenced image", (await own.Tare("rmi", Mounted)).Expect(1).Err, StringComparison.Ordinal);
        Assert.Contains("cannot be forced", (await own.Tare("rmi", "-f", await own.Ok("image", "inspect", "-f", "{{.Id}}", Mounted))).Expect(1).Err, StringComparison.Ordinal);
        await own.Ok("restart", "-t", "0", "one");
        Assert.Equal("1\n7", await own.Ok("exec", "one", "cat", "/y", "/x/data/7"));

        // It ends while there is no daemon, and the image goes from under it.
        int pid = int.Parse(await own.Ok("inspect", "-f", "{{.State.Pid}}", "one"), System.Globalization.CultureInfo.InvariantCulture);
        own.Daemon.KillDaemon();
        Processes.Signal(pid, Processes.SIGKILL);
        await own.Daemon.StartAgainAsync();
        await Eventually.EqualAsync("exited", () => own.Api.StatusAsync("one"));
        await own.Ok("rmi", "-f", Mounted);
        own.Daemon.KillDaemon();
        await own.Daemon.StartAgainAsync();
        await own.Ok("start", "one");
        Assert.Equal("1\n7", await own.Ok("exec", "one", "cat", "/y", "/x/data/7"));
        Assert.Equal(2, Layers(own));
        await own.Ok("rm", "-f", "one");
        await Eventually.EqualAsync(1, () => Task.FromResult(Layers(own)));
        Assert.DoesNotContain(own.Daemon.Folder, await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    });

    [TareFact]
    public Task A_copied_image_is_mounted_and_goes_with_its_container() => WithDaemon(
        async own =>
        {
            await MakeAsync(own);
            string[] mounts = ["--mount", $"type=image,source={Mounted},target=/x", "--mount", $"type=image,source={Mounted},target=/y,image-subpath=data/1", "--mount", $"type=image,source={Mounted},target=/z,image-subpath=data"];
            string id = await own.Ok(["create", "--name", "one", "--network", "none", .. mounts, Image, "sh", "-c", "cat /x/data/7 /y /z/9; test -e /x/bin/wget || echo no wget; touch /x/data/7 /y /z/9 2>&1 | grep -c Read-only"]);
            Assert.Equal("7\n1\n9\nno wget\n3", await own.Ok("start", "-a", "one"));
            string images = Path.Combine(own.Daemon.DataRoot, "containers", id, "images");
            Assert.Equal(["0", "1", "2"], Directory.GetDirectories(images).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
            Assert.Equal(Path.Combine(images, "0"), await own.Ok("inspect", "-f", "{{(index .Mounts 0).Source}}", "one"));
            Assert.Contains("no such file or directory", (await own.Tare("run", "--rm", "--network", "none", "--mount", $"type=image,source={Mounted},target=/x,image-subpath=nosuch", Image, "true")).Expect(127).Err, StringComparison.Ordinal);
            await own.Ok("rm", "one");
            await own.Ok("rmi", Mounted);
            await Eventually.EqualAsync(0, () => Task.FromResult(Directory.GetDirectories(Path.Combine(own.Daemon.DataRoot, "containers")).Length));
            Assert.Equal(1, Layers(own));
        },
        options: ["--storage-driver", "vfs"]);

    private static async Task KilledAtAnyMomentAsync(Own own)
    {
        Random random = new(11);
        for (int round = 0; round < Rounds; round++)
        {
            await MakeAsync(own);
            using CancellationTokenSource enough = new();
            Task[] workers = [.. Enumerable.Range(0, 3).Select(worker => WorkAsync(own, $"r{round}w{worker}", enough.Token))];
            await Task.Delay(random.Next(50, 900));
            own.Daemon.KillDaemon();
            await enough.CancelAsync();
            await Task.WhenAll(workers);
            await own.Daemon.StartAgainAsync();
            await EverythingIsAccountedForAsync(own);
        }
    }

    /// <summary>Containers, and the image from under them: it is made again by the next round.</summary>
    private static async Task WorkAsync(Own own, string name, CancellationToken enough)
    {
        for (int i = 0; !enough.IsCancellationRequested; i++)
        {
            string container = $"{name}n{i}";
            await own.Tare("run", "--name", container, "--network", "none", "--mount", $"type=image,source={Mounted},target=/x", "--mount", $"type=image,source={Mounted},target=/y,image-subpath=data/1", Image, "cat", "/y");
            await own.Tare("rm", container);
            if (i == 3)
                await own.Tare("rmi", "-f", Mounted);
        }
    }

    private static async Task EverythingIsAccountedForAsync(Own own)
    {
        Assert.DoesNotContain(own.Daemon.Folder, await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
        string[] containers = [.. (await own.Api.ContainersAsync()).Select(container => (string)container["Id"]!).Order(StringComparer.Ordinal)];
        string folder = Path.Combine(own.Daemon.DataRoot, "containers");
        await Eventually.TrueAsync(
            () => Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).SequenceEqual(containers),
            () => $"containers {string.Join(' ', containers)}\ndirectories {string.Join(' ', Directory.EnumerateDirectories(folder))}");
        // What a container that is there has mounted can be started.
        foreach (string container in containers)
        {
            Assert.Equal(2, ((JsonArray)(await own.Api.InspectAsync(container))["Mounts"]!).Count);
            await own.Tare("wait", container);
            await own.Ok("start", "-a", container);
            await own.Ok("rm", container);
        }

        await own.Tare("rmi", "-f", Mounted);
        await own.Ok("image", "prune", "-f");
        await Eventually.EqualAsync(1, () => Task.FromResult(Layers(own)));
    }

    private static int Layers(Own own) => Directory.GetDirectories(Path.Combine(own.Daemon.DataRoot, "layers")).Length;

    private static async Task MakeAsync(Own own)
    {
        await own.Ok("run", "--name", "maker", "--network", "none", Image, "sh", "-c", "mkdir /data; for i in $(seq 100); do echo $i >/data/$i; done; rm /bin/wget");
        await own.Ok("commit", "maker", Mounted);
        await own.Ok("rm", "maker");
    }
}

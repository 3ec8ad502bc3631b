using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Containers whose root is a copy of their image's layers (<c>--storage-driver vfs</c>), on a filesystem that could do without.</summary>
public sealed class CopiesTests : OwnDaemonTests
{
    private static readonly string[] Vfs = ["--storage-driver", "vfs"];

    [TareFact]
    public Task Files_are_changed_told_committed_and_exported() => WithDaemon(
        async own =>
        {
            Assert.Contains("gets a copy of its image's layers (--storage-driver vfs)", own.Daemon.Log, StringComparison.Ordinal);
            Assert.Equal("vfs", await own.Ok("info", "-f", "{{.Driver}}"));
            await own.Ok("run", "--name", "one", "--network", "none", Image, "sh", "-c", "echo new >/file; rm /bin/wget; mkdir -p /dir/sub; echo x >>/etc/group; ln /file /hard; chown 5:6 /file");
            Assert.Equal(["A /dir", "A /dir/sub", "A /file", "A /hard", "C /bin", "C /etc", "C /etc/group", "D /bin/wget"], (await own.Ok("diff", "one")).Split('\n').Order(StringComparer.Ordinal));
            JsonNode inspect = (await own.Api.GetAsync("containers/one/json?size=1"))!;
            Assert.Equal("vfs", (string)inspect["Driver"]!);
            Assert.Equal("vfs", (string)inspect["GraphDriver"]!["Name"]!);
            Assert.Null(inspect["GraphDriver"]!["Data"]);
            string group = Path.Combine(own.Daemon.DataRoot, "containers", (string)inspect["Id"]!, "fs", "etc", "group");
            Assert.Equal(4 + new FileInfo(group).Length, (long)inspect["SizeRw"]!);
            await own.Ok("commit", "one", "made:1");
            Assert.Equal("new\n5:6:2\nno wget", await own.Ok("run", "--rm", "--network", "none", "made:1", "sh", "-c", "cat /hard; stat -c %u:%g:%h /file; test -e /bin/wget || echo no wget"));
            await own.Ok("create", "--name", "two", "made:1", "true");
            Assert.Equal("", await own.Ok("diff", "two"));
            string tar = Path.Combine(own.Daemon.Folder, "tmp", "two.tar");
            await own.Ok("export", "-o", tar, "two");
            string[] names = (await Running.RunAsync("tar", ["-tf", tar])).Ok().Lines;
            File.Delete(tar);
            Assert.Contains("dir/sub/", names);
            Assert.DoesNotContain("bin/wget", names);
            await own.Ok("rm", "one", "two");
            await own.Ok("rmi", "made:1");
            await Eventually.TrueAsync(() => Directory.GetDirectories(Path.Combine(own.Daemon.DataRoot, "containers")).Length == 0, () => "files of removed containers are left");
            Assert.Single(Directory.GetDirectories(Path.Combine(own.Daemon.DataRoot, "layers")));
        },
        options: Vfs);

    [TareFact]
    public async Task A_root_is_mounted_as_an_overlay_would_be()
    {
        string folder = Directory.CreateTempSubdirectory("tare-e2e-").FullName;
        (await Running.RunAsync("mount", ["-t", "tmpfs", "-o", "nosuid,nodev,noexec", "tmpfs", folder])).Ok();
        try
        {
            await WithDaemon(
                async own =>
                {
                    // How the data root is mounted is not the container's business, and what a container mounts is its own.
                    await own.Detached("mounts", "mount -t tmpfs none /tmp && sleep 1000", "--privileged");
                    await Eventually.EqualAsync(true, async () => (await own.Ok("exec", "mounts", "cat", "/proc/mounts")).Contains(" /tmp tmpfs", StringComparison.Ordinal));
                    Assert.DoesNotContain("noexec", (await own.Ok("exec", "mounts", "cat", "/proc/mounts")).Split('\n')[0], StringComparison.Ordinal);
                    Assert.DoesNotContain(folder + "/", await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
                    Assert.NotEqual(0, (await own.Tare("run", "--rm", "--read-only", "--network", "none", Image, "touch", "/x")).Code);
                    Assert.Equal("0", await own.Ok("run", "--rm", "--network", "none", Image, "sh", "-c", "mknod /null c 1 3 && echo x >/null; stat -c %s /null"));
                },
                Path.Combine(folder, "data"),
                Vfs);
        }
        finally
        {
            (await Running.RunAsync("umount", [folder])).Ok();
            Directory.Delete(folder);
        }
    }

    [TareFact]
    public Task Containers_of_both_drivers_live_on_one_data_root() => WithDaemon(async own =>
    {
        await own.Detached("copied", "echo kept >/file; while :; do sleep 1; done");
        Daemon other = own.Daemon;
        Assert.Equal("vfs", await own.Ok("inspect", "-f", "{{.Driver}}", "copied"));
        other.KillDaemon();
        await other.StartAgainAsync(["--storage-driver", "overlay2"]);
        Assert.Equal("overlay2", await own.Ok("info", "-f", "{{.Driver}}"));
        Assert.Equal("kept", await own.Ok("exec", "copied", "cat", "/file"));
        await own.Ok("restart", "-t", "0", "copied");
        Assert.Equal("kept", await own.Ok("exec", "copied", "cat", "/file"));
        await own.Ok("run", "--name", "over", "--network", "none", Image, "sh", "-c", "echo mine >/file");
        Assert.Equal("overlay2", await own.Ok("inspect", "-f", "{{.Driver}}", "over"));
        await other.StopDaemonAsync();
        await other.StartAgainAsync(Vfs);
        Assert.Equal("A /file", await own.Ok("diff", "over"));
        Assert.Equal("A /file", await own.Ok("diff", "copied"));
    }, options: Vfs);

    [TareFact]
    public Task A_daemon_that_is_killed_while_it_copies_leaves_nothing() => WithDaemon(
        async own =>
        {
            // Big enough for a copy to be met half-way: many files and no tricks of the filesystem.
            TarMaker tar = new();
            tar.Folder("many");
            for (int i = 0; i < 4000; i++)
                tar.File($"many/{i}", new byte[2000]);
            using MemoryStream archive = new(new ImageArchive { Layers = { BaseImage.BusyboxLayer, tar.End() } }.Docker("many:1"));
            Assert.Equal(200, (await own.Api.LoadAsync(archive)).Status);
            string containers = Path.Combine(own.Daemon.DataRoot, "containers");
            int halves = 0;
            for (int round = 0; round < 3; round++)
            {
                using Running create = own.Start("create", "--name", "half", "many:1", "true");
                await Eventually.TrueAsync(() => Directory.EnumerateFiles(containers, "1*", SearchOption.AllDirectories).Any(), () => "nothing is copied");
                own.Daemon.KillDaemon();
                halves += Directory.EnumerateFiles(containers, "*", SearchOption.AllDirectories).Count() is > 0 and < 4000 ? 1 : 0;
                await own.Daemon.StartAgainAsync(Vfs);
                if (await own.Api.ExistsAsync("half"))
                    await own.Ok("rm", "half");
                await Eventually.TrueAsync(() => Directory.GetDirectories(containers).Length == 0, () => "a half copy is left");
            }
            Assert.True(halves > 0, "no copy was met half-way");
            Assert.Equal("4000", await own.Ok("run", "--rm", "--network", "none", "many:1", "sh", "-c", "ls /many | wc -l"));
            await own.Ok("rmi", "many:1");
        },
        options: Vfs);

    [TareFact]
    public async Task Overlay_that_cannot_be_had_is_refused_and_a_wrong_driver_too()
    {
        string folder = Directory.CreateTempSubdirectory("tare-e2e-").FullName;
        try
        {
            Result wrong = await Running.RunAsync(Setup.Tare, ["daemon", "-s", "btrfs", "--data-root", Path.Combine(folder, "data"), "--exec-root", Path.Combine(folder, "run"), "-H", $"unix://{folder}/s"]);
            Assert.NotEqual(0, wrong.Code);
            Assert.Contains("driver not supported: btrfs", wrong.Err, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Tare in a container of Tare: its data root on the container's own overlay, which carries no other, and on what does.</summary>
public sealed class NestedTests : OwnDaemonTests
{
    private const string Nested = "nested:1";

    private const string Start = """
        export DOCKER_HOST=unix:///run/inner.sock
        tare daemon -H $DOCKER_HOST --data-root /data "$@" >/log 2>&1 & daemon=$!
        for i in $(seq 300); do test -S /run/inner.sock && break; sleep 0.1; done
        tare load -qi /inner.tar >/dev/null
        """;

    private const string Work = Start + """

        echo driver $(tare info -f '{{.Driver}}')
        tare run --rm --network none --memory 64m --pids-limit 20 BUSYBOX sh -c 'echo hello from $(cat /proc/1/comm); echo x >/file; mount -t tmpfs none /tmp 2>/dev/null || echo not privileged'
        tare run -d --name stays --network none BUSYBOX sh -c 'echo kept >/file; exec sleep 1000' >/dev/null
        tare exec stays cat /file
        tare diff stays
        tare commit stays made:1 >/dev/null
        tare rm -f stays >/dev/null
        tare run --rm --network none made:1 cat /file
        kill $daemon; wait $daemon; echo daemon $?
        for i in $(seq 100); do ls /run/tare 2>/dev/null | grep -q . || break; sleep 0.1; done
        ls /run/tare 2>/dev/null
        grep copy /log || true
        """;

    private static readonly string[] Expected = ["hello from sh", "not privileged", "kept", "A /file", "kept", "daemon 0"];

    [TareFact]
    public Task Layers_are_copied_where_the_data_root_is_on_an_overlay() => WithDaemon(async own =>
    {
        await LoadAsync(own);
        string[] lines = (await own.Ok("run", "--rm", "--privileged", "--network", "none", Nested, "sh", "-c", Work.Replace("BUSYBOX", Image, StringComparison.Ordinal))).Split('\n');
        Assert.Equal(["driver vfs", .. Expected], lines[..^1]);
        Assert.Contains("cannot carry overlays", lines[^1], StringComparison.Ordinal);
        await own.Ok("rmi", Nested);
    });

    [TareTheory]
    [InlineData("tmpfs")]
    [InlineData("bind")]
    public Task Overlays_are_mounted_where_they_can_be(string kind) => WithDaemon(async own =>
    {
        await LoadAsync(own);
        string folder = Path.Combine(own.Daemon.Folder, "volume");
        Directory.CreateDirectory(folder);
        string[] volume = kind == "tmpfs" ? ["--tmpfs", "/data"] : ["-v", folder + ":/data"];
        string[] lines = (await own.Ok(["run", "--rm", "--privileged", "--network", "none", .. volume, Nested, "sh", "-c", Work.Replace("BUSYBOX", Image, StringComparison.Ordinal)])).Split('\n');
        Assert.Equal(["driver overlay2", .. Expected], lines);
        await own.Ok("rmi", Nested);
    });

    [TareFact]
    public Task A_container_that_is_removed_takes_its_engine_and_its_containers_along() => WithDaemon(async own =>
    {
        await LoadAsync(own);
        string script = Start + $"\ntare run -d --name inner --network none {Image} sleep 98765\necho ready\nsleep 1000";
        await own.Ok("run", "-d", "--name", "outer", "--privileged", "--network", "none", Nested, "sh", "-c", script);
        await Eventually.EqualAsync(true, async () => (await own.Ok("logs", "outer")).Contains("ready", StringComparison.Ordinal));
        Assert.Contains(Processes.All(), process => process.Arguments.Contains("98765"));
        Assert.Equal("inner", await own.Ok("exec", "-e", "DOCKER_HOST=unix:///run/inner.sock", "outer", "tare", "ps", "--format", "{{.Names}}"));
        await own.Ok("rm", "-f", "outer");
        await Eventually.TrueAsync(() => Processes.All().All(process => !process.Arguments.Contains("98765")), () => "a container of the inner engine is left");
        await own.Ok("rmi", Nested);
    });

    [TareFact]
    public Task Overlay_is_refused_where_it_cannot_be() => WithDaemon(async own =>
    {
        await LoadAsync(own);
        Result refused = await own.Tare("run", "--rm", "--privileged", "--network", "none", Nested, "tare", "daemon", "-H", "unix:///run/inner.sock", "--data-root", "/data", "--storage-driver", "overlay2");
        Assert.Equal(1, refused.Code);
        Assert.Contains("the storage driver overlay2 cannot be used: the filesystem of the data root /data (overlay", refused.Err, StringComparison.Ordinal);
        await own.Ok("rmi", Nested);
    });

    /// <summary>An image of busybox, the binary and the libraries that it needs, and an archive of the base image.</summary>
    private static async Task LoadAsync(Own own)
    {
        TarMaker tar = new();
        foreach (string folder in new[] { "run", "usr/bin" })
            tar.Folder(folder);
        tar.File("usr/bin/tare", await File.ReadAllBytesAsync(Setup.Tare), (UnixFileMode)493);
        foreach (string library in await LibrariesAsync())
            tar.File(library[1..], await File.ReadAllBytesAsync(library), (UnixFileMode)493);
        tar.File("inner.tar", new ImageArchive { Layers = { BaseImage.BusyboxLayer } }.Docker(Image));
        ImageArchive image = new() { Layers = { BaseImage.BusyboxLayer, tar.End() }, Variables = ["PATH=/bin:/usr/bin"] };
        using MemoryStream archive = new(image.Docker(Nested));
        (int status, string body) = await own.Api.LoadAsync(archive);
        Assert.True(status == 200 && !body.Contains("\"error\"", StringComparison.Ordinal), body);
    }

    /// <summary>What the binary is linked to, and what it opens by name, as they lie on this machine.</summary>
    private static async Task<IReadOnlyList<string>> LibrariesAsync()
    {
        // OpenSSL computes its digests.
        string[] known = (await Running.RunAsync("/sbin/ldconfig", ["-p"])).Ok().Lines;
        string ssl = known.First(line => line.TrimStart().StartsWith("libssl.so.3 ", StringComparison.Ordinal)).Split("=> ")[1];
        string[] linked = (await Running.RunAsync("ldd", [Setup.Tare, ssl])).Ok().Lines;
        return
        [
            ssl,
            .. linked.Where(line => !line.EndsWith(':')).SelectMany(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(word => word.StartsWith('/')).Distinct(),
        ];
    }
}

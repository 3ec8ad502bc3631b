using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Images.Layers;
using Tare.Images.Roots;
using Tare.Images.Trees;
using Tare.Linux;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Images;
using static Tare.Images.Tests.Archive;
using static Tare.Images.Tests.Shell;

namespace Tare.Images.Tests;

/// <summary>Roots that are copies of layers, on a filesystem that could carry overlays and on an overlay.</summary>
public sealed class CopyTests : IDisposable
{
    private readonly string _root = System.IO.Directory.CreateTempSubdirectory("tare-copies-").FullName;
    private readonly List<Fd> _mounts = [];

    public void Dispose()
    {
        foreach (var mount in _mounts) mount.Dispose();
        using var parent = Paths.Open(Path.GetDirectoryName(_root)!, Paths.Directory);
        DirectoryTree.Remove(parent, B(Path.GetFileName(_root)));
    }

    [Fact]
    public void A_copy_of_any_layers_is_what_overlay_shows() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var layers = Enumerable.Range(0, 4).Select(_ => Tar(RandomLayer(random, "", 0))).ToArray();
            var seen = CopyOf(layers, Make("ext"), compareWithOverlay: true);
            Assert.Equal(seen, CopyOf(layers, OnOverlay(), compareWithOverlay: false));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(25));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_copy_keeps_everything(bool onOverlay)
    {
        await using var store = await OpenAsync(onOverlay ? OnOverlay() : Make("store"), "bottom", """
            mkdir -m 2770 dir; printf hello >dir/file; chown 7:8 dir/file; chmod 6755 dir/file; ln dir/file hard; ln -s /nowhere link; chown -h 70000:5 link; mkfifo -m 640 fifo
            mknod null c 1 3; mknod disk b 7 1; truncate -s 10M sparse; printf x | dd of=sparse bs=1 seek=5000000 conv=notrunc 2>/dev/null; printf cap >cap; setcap cap_net_raw+ep cap
            mkdir -m 000 closed; touch -h -d '@1600000000.123456789' dir/file link dir closed null; touch 'new
            line'
            """);
        var image = store.Images.Get("base:1");
        var copy = store.Images.CreateWritable("c1", image);
        Assert.Equal(Listing(image.LayerDirectories[0]), Listing(copy.Directory));
        Assert.Equal("2", Sh($"cd {copy.Directory}; stat -c %h hard; test dir/file -ef hard").Trim());
        Assert.Empty(copy.Changes(CancellationToken.None));
        Assert.Equal(0, copy.ChangedSize(CancellationToken.None));
        Assert.Equal(image.DiffIds, (await store.Images.CommitAsync(Commit("c1", image.Id), CancellationToken.None)).DiffIds);
        store.Layers.RemoveWritable("c1");
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(Path.Combine(store.Root, "containers")));
    }

    [Fact]
    public void Holes_stay_holes()
    {
        var (from, to) = (Make("from"), Make("to"));
        Sh($"cd {from}; truncate -s 10M holes; printf x | dd of=holes bs=1 seek=5000000 conv=notrunc 2>/dev/null; printf y | dd of=holes bs=1 seek=1000000 conv=notrunc 2>/dev/null; truncate -s 3M empty");
        using (var stack = LayerStack.Open([from]))
        using (var target = Paths.Open(to, Paths.Directory))
        {
            TreeCopier.Copy(stack, target, CancellationToken.None);
        }

        Assert.Equal(Listing(from), Listing(to));
        Assert.Equal(Sh($"stat -c %b {from}/holes {from}/empty"), Sh($"stat -c %b {to}/holes {to}/empty"));
    }

    [Fact]
    public async Task What_a_container_changes_is_the_same_in_a_copy_and_in_an_overlay()
    {
        const string bottom = """
            mkdir -p etc opq/sub same kept/deep swap; printf old >etc/conf; printf g >etc/gone; printf a >opq/a; printf k >kept/deep/k; printf t >touched; printf type >type; ln -s a link
            printf cap >cap; printf x >attribute; printf s >swap/s; mkdir -m 700 mode
            """;
        const string script = """
            printf newer >etc/conf; rm etc/gone; ln etc/conf etc/hard; rm -r opq; mkdir opq; printf n >opq/n; mkdir -p new/dir; printf x >new/dir/x; rm type; mkdir type
            printf kk >kept/deep/k; rm link; ln -s b link; chmod 600 touched; rm -r swap; printf f >swap; chmod 755 mode; mkfifo pipe; mknod null c 1 3
            """;
        await using var overlay = await OpenAsync(Make("overlay"), "one", bottom);
        var upper = overlay.Images.CreateWritable("c1", overlay.Images.Get("base:1"));
        using (var mount = Mounts.Create(
            "overlay",
            [("source", "overlay"), .. upper.MountedBelow.Select(layer => ("lowerdir+", (string?)layer)), ("upperdir", upper.Directory), ("workdir", upper.Work)],
            MountAttributes.None))
        {
            Sh($"cd /proc/{Environment.ProcessId}/fd/{mount.Number}; {script}");
        }

        var changes = upper.Changes(CancellationToken.None);
        Assert.Contains(new TreeChange(TreeChangeKind.Deleted, "/etc/gone"), changes);
        var committed = await overlay.Images.CommitAsync(Commit("c1", overlay.Images.Get("base:1").Id), CancellationToken.None);
        foreach (var place in new[] { Make("plain"), OnOverlay() })
        {
            await using var store = await OpenAsync(place, "one", bottom);
            var image = store.Images.Get("base:1");
            var copy = store.Images.CreateWritable("c1", image);
            Sh($"cd {copy.Directory}; {script}");
            // In an overlay the attributes of a name that was linked to are not changed, and both are in the upper directory.
            Assert.Equal(Told(changes), Told(copy.Changes(CancellationToken.None)));
            Assert.Equal(upper.ChangedSize(CancellationToken.None), copy.ChangedSize(CancellationToken.None));
            var made = await store.Images.CommitAsync(Commit("c1", image.Id), CancellationToken.None);
            Assert.Equal(2, made.DiffIds.Count);
            var again = store.Images.CreateWritable("c2", made);
            Assert.Equal(Untimed(copy.Directory), Untimed(again.Directory));
            Assert.Empty(again.Changes(CancellationToken.None));
            Assert.Equal(Untimed(Flat(committed.LayerDirectories)), Untimed(again.Directory));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_mounted_image_is_a_copy_too(bool onOverlay)
    {
        await using var store = await OpenAsync(onOverlay ? OnOverlay() : Make("store"), "one", "printf x >file; chown 7:8 file; mkdir dir; printf y >dir/y");
        var image = store.Images.Get("base:1");
        Sh($"chmod 2750 {image.LayerDirectories[0]}");
        var root = store.Images.CreateWritable("c1", image);
        Sh($"cd {root.Directory}; rm -r dir; printf new >new");
        var made = await store.Images.CommitAsync(Commit("c1", image.Id), CancellationToken.None);
        store.Images.CreateWritable("c2", image, image, made);
        var (first, second) = (store.Layers.FindMounted("c2", 0)!, store.Layers.FindMounted("c2", 1)!);
        Assert.Empty(first.Layers);
        Assert.Equal(Listing(image.LayerDirectories[0]), Listing(first.Directory));
        Assert.Equal("2750", Sh($"stat -c %a {first.Directory}").Trim());
        Assert.Equal(["file", "new"], System.IO.Directory.GetFileSystemEntries(second.Directory).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        store.Layers.RemoveWritable("c1");
        store.Layers.RemoveWritable("c2");
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(Path.Combine(store.Root, "containers")));
    }

    [Fact]
    public async Task Attributes_alone_are_a_change()
    {
        await using var store = await OpenAsync(Make("store"), "one", "printf x >file; mkdir dir; touch -d @1600000000 file");
        var copy = store.Images.CreateWritable("c1", store.Images.Get("base:1"));
        using (var file = Paths.Open(Path.Combine(copy.Directory, "file"), OpenFlags.ReadOnly)) Assert.Equal(0, ExtendedAttributes.Set(file, default, "user.x"u8, "y"u8));
        Assert.Equal([new TreeChange(TreeChangeKind.Modified, "/file")], copy.Changes(CancellationToken.None));
    }

    [Fact]
    public async Task What_looks_like_a_whiteout_in_a_copy_is_a_file()
    {
        await using var store = await OpenAsync(Make("store"), "one", "printf x >file; mkdir dir; printf y >dir/y");
        var copy = store.Images.CreateWritable("c1", store.Images.Get("base:1"));
        Sh($"cd {copy.Directory}; printf a >.wh.file; printf b >dir/.wh..wh..opq; mknod zero c 0 0");
        Assert.Equal(["A /.wh.file", "A /dir/.wh..wh..opq", "A /zero", "C /dir"], Told(copy.Changes(CancellationToken.None)));
        var export = new MemoryStream();
        copy.Export(export, CancellationToken.None);
        var names = new List<string>();
        var reader = new TarReader(new StreamSource(new MemoryStream(export.ToArray())));
        while (reader.Next() is { } entry) names.Add(entry.DisplayName);
        Assert.Equal([".wh.file", "dir/", "dir/.wh..wh..opq", "dir/y", "file", "zero"], names);
    }

    [Fact]
    public async Task Layers_with_marks_make_their_archives_again_and_keep_overlay_away()
    {
        var layers = new[]
        {
            Tar(Directory("d/"), File("d/a", "1"), File("gone", "2"), Directory("opq/"), File("opq/x", "3"), File("both", "4")),
            Tar(File(".wh.gone"), Directory("opq/"), File("opq/.wh..wh..opq"), File("opq/y", "5"), Directory("d/"), File("d/.wh.a"), File(".wh.both"), Directory("both/"), File("both/in", "6")),
        };
        var place = OnOverlay();
        await using (var store = Open(place))
        {
            Assert.Null(LayerMarks.Find(place));
            await store.LoadAsync(new MemoryStream(Docker(layers, null, "base:1")));
            var copy = store.Images.CreateWritable("c1", store.Images.Get("base:1"));
            Assert.Equal(["./both/in", "./opq/y"], Sh($"cd {copy.Directory}; find . -type f | sort").Split('\n', StringSplitOptions.RemoveEmptyEntries));
            foreach (var layer in layers)
            {
                var archive = new MemoryStream();
                store.Layers.OpenArchive(Digest.Of(layer)).CopyTo(archive, CancellationToken.None);
                Assert.Equal(layer, archive.ToArray());
            }

            Assert.NotNull(LayerMarks.Find(place));
        }
    }

    [Fact]
    public async Task A_mark_is_no_file_to_link_to()
    {
        await using var store = Open(OnOverlay());
        var error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new MemoryStream(Docker([Tar(File(".wh.a"), HardLink("b", ".wh.a"))], null, "x:1"))));
        Assert.Contains("not in the layer before it", error.Message, StringComparison.Ordinal);
        Assert.Empty(store.Leftovers());
    }

    [Fact]
    public async Task Overlay_does_not_take_marks()
    {
        await using var store = Open(OnOverlay(), StorageDriver.Overlay2);
        await Assert.ThrowsAnyAsync<TareException>(() => store.LoadAsync(new MemoryStream(Docker([Tar(File(".wh.a"))], null, "x:1"))));
        Assert.Empty(store.Leftovers());
    }

    [Fact]
    public async Task A_copy_that_was_not_finished_is_gone_and_one_that_is_not_on_the_disk_is_told()
    {
        var place = Make("store");
        await using (var store = await OpenAsync(place, "one", "printf x >file"))
        {
            var image = store.Images.Get("base:1");
            foreach (var container in (string[])["half", "lost", "kept"]) store.Images.CreateWritable(container, image, image);
            await store.CloseAsync();
        }

        using (var database = Store.Database.Open(Path.Combine(place, "tare.db"), ImageStore.Schema))
        {
            database.Write(session =>
            {
                Assert.Equal(0, session.QueryFirst("SELECT COUNT(*) FROM image_writable WHERE boot IS NOT NULL", row => row.GetInt64(0)));
                session.Execute("UPDATE image_writable SET boot = 'copying' WHERE container = 'half'");
                session.Execute("UPDATE image_writable SET boot = 'another' WHERE container = 'lost'");
            });
        }

        await using var again = Open(place);
        Assert.Contains("container lost", Assert.Single(again.Images.Losses), StringComparison.Ordinal);
        Assert.Equal(["kept"], again.Layers.ListWritables());
        Assert.Equal(["kept"], System.IO.Directory.GetDirectories(Path.Combine(place, "containers")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_full_disk_leaves_no_half_copy()
    {
        using var disk = Mounts.Create("tmpfs", [("source", "tmpfs"), ("size", "2600k")], MountAttributes.None);
        await using var store = Open($"/proc/self/fd/{disk.Number}");
        await store.LoadAsync(new MemoryStream(Docker([Tar(File("big", new string('x', 1_000_000)))], null, "base:1")));
        var image = store.Images.Get("base:1");
        store.Images.CreateWritable("c1", image);
        var error = Assert.Throws<TareException>(() => store.Images.CreateWritable("c2", image));
        Assert.Contains("no room", error.Message, StringComparison.Ordinal);
        Assert.Equal(["c1"], store.Layers.ListWritables());
        Assert.Equal(["c1"], System.IO.Directory.GetDirectories(Path.Combine(store.Root, "containers")).Select(Path.GetFileName));
    }

    private static string[] Told(IReadOnlyList<TreeChange> changes) => [.. changes.Select(change => $"{"CAD"[(int)change.Kind]} {change.Path}").Order(StringComparer.Ordinal)];

    private static CommitOptions Commit(string container, Digest parent) => new() { ContainerId = container, Parent = parent, Config = new OciContainerConfig() };

    /// <summary>Files, directories, links, whiteouts and opaque directories of few names, so that layers meet.</summary>
    private static IEnumerable<(TarEntry, byte[])> RandomLayer(Random random, string folder, int depth)
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            var path = folder + name;
            switch (random.Next(depth < 3 ? 9 : 5))
            {
                case 0:
                    yield return File(path, random.Next(1000).ToString(System.Globalization.CultureInfo.InvariantCulture), random.Next(512), random.Next(3));
                    break;
                case 1:
                    yield return Link(path, random.Next(2) == 0 ? "b" : "/a/c");
                    break;
                case 2:
                    yield return File(folder + ".wh." + name);
                    break;
                case 3 or 4:
                    break;
                case var other:
                    // What hides and is made anew, in either order.
                    if (other == 5) yield return File(folder + ".wh." + name);
                    yield return Directory(path + "/", 0x1C0 | random.Next(64));
                    if (other == 6) yield return File(path + "/.wh..wh..opq");
                    foreach (var entry in RandomLayer(random, path + "/", depth + 1)) yield return entry;
                    if (other == 7) yield return File(folder + ".wh." + name);
                    break;
            }
        }
    }

    private string CopyOf(byte[][] layers, string place, bool compareWithOverlay)
    {
        var store = Open(place);
        try
        {
            store.LoadAsync(new MemoryStream(Docker(layers, null, "base:1"))).GetAwaiter().GetResult();
            var image = store.Images.Get("base:1");
            var copy = Listing(store.Images.CreateWritable("c1", image).Directory);
            if (compareWithOverlay)
            {
                using var mount = Overlay(image.LayerDirectories);
                Assert.Equal(Listing($"/proc/self/fd/{mount.Number}"), copy);
            }

            return copy;
        }
        finally
        {
            store.CloseAsync().GetAwaiter().GetResult();
        }
    }

    private string Flat(IReadOnlyList<string> layers)
    {
        var mount = Overlay(layers);
        _mounts.Add(mount);
        return $"/proc/self/fd/{mount.Number}";
    }

    private Fd Overlay(IReadOnlyList<string> layers) => Mounts.Create(
        "overlay",
        // One layer alone is no overlay for the kernel.
        [("source", "overlay"), .. layers.Reverse().Append(Make("empty")).Select(layer => ("lowerdir+", (string?)layer))],
        MountAttributes.None);

    /// <summary>A folder on an overlay, which takes no whiteouts and carries no other.</summary>
    private string OnOverlay()
    {
        var (lower, upper, work) = (Make("lower"), Make("upper"), Make("work"));
        var mount = Mounts.Create("overlay", [("source", "overlay"), ("lowerdir", lower), ("upperdir", upper), ("workdir", work)], MountAttributes.None);
        _mounts.Add(mount);
        return $"/proc/self/fd/{mount.Number}";
    }

    private async Task<TestStore> OpenAsync(string place, string name, string script)
    {
        var folder = Make(name);
        Sh($"cd {folder}; {script}");
        var archive = new MemoryStream();
        UpperArchive.Write(folder, archive, CancellationToken.None);
        var overlay = Path.GetFileName(place).StartsWith("overlay", StringComparison.Ordinal);
        var store = Open(place, overlay ? StorageDriver.Overlay2 : StorageDriver.Vfs, Make("base"));
        await store.LoadAsync(new MemoryStream(Docker([archive.ToArray()], null, "base:1")));
        return store;
    }

    /// <summary>The database lies beside a detached mount: SQLite looks for real paths, which that has none of.</summary>
    private TestStore Open(string place, StorageDriver driver = StorageDriver.Vfs, string? baseLayer = null) =>
        new(place, new StorageOptions(driver, baseLayer), place.StartsWith("/proc/", StringComparison.Ordinal) ? Path.Combine(Make("database"), "tare.db") : null);

    private string Make(string name) => System.IO.Directory.CreateDirectory(Path.Combine(_root, $"{name}-{Path.GetRandomFileName()}")).FullName;

    private static string Untimed(string folder) => Listing(folder, timed: false);

    private static string Listing(string folder, bool timed = true)
    {
        var lines = new List<string>();
        using var root = Paths.Open(folder, Paths.Directory);
        List(root, "", timed, lines);
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    private static void List(Fd directory, string path, bool timed, List<string> lines)
    {
        using var listing = BytePaths.TryOpenDirectory(directory, "."u8, out _);
        foreach (var entry in DirectoryTree.List(listing!))
        {
            // The kernel lists whiteouts of the lowest layer, and then does not find them.
            if (NodeAttributes.Read(directory, entry.Name, out var status) == Errno.ENOENT) continue;
            var name = $"{path}/{Encoding.Latin1.GetString(entry.Name)}";
            var content = "";
            if (status.Type == FileSystem.TypeRegular)
            {
                using var file = BytePaths.TryOpen(directory, entry.Name, OpenFlags.ReadOnly, 0, out _);
                content = Digest.Of(FileContent.ReadToEnd(file!, int.MaxValue)).ToString();
            }
            else if (status.Type == FileSystem.TypeSymbolicLink)
            {
                content = Encoding.UTF8.GetString(BytePaths.TryReadLink(directory, entry.Name, out _)!);
            }

            var attributes = ExtendedAttributes.List(directory, entry.Name)
                .Select(attribute => $"{Encoding.UTF8.GetString(attribute)}={Convert.ToHexString(ExtendedAttributes.Get(directory, entry.Name, attribute)!)}")
                .Where(attribute => !attribute.StartsWith("trusted.overlay.", StringComparison.Ordinal));
            var time = timed ? $"{status.ModifiedSeconds}.{status.ModifiedNanoseconds}" : "";
            lines.Add($"{Convert.ToString(status.Mode, 8)} {name} {status.Uid}:{status.Gid} {time} {status.DeviceMajor}:{status.DeviceMinor} {content} {string.Join(' ', attributes)}");
            if (status.Type != FileSystem.TypeDirectory) continue;
            using var child = BytePaths.TryOpenDirectory(directory, entry.Name, out _);
            List(child!, name, timed, lines);
        }
    }
}

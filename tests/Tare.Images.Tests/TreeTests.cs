using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Images.Trees;
using Tare.Linux;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Images;
using static Tare.Images.Tests.Archive;
using static Tare.Images.Tests.Shell;

namespace Tare.Images.Tests;

/// <summary>From directories to archives: commit, export and diff.</summary>
public sealed class TreeTests : IDisposable
{
    private readonly string _root = System.IO.Directory.CreateTempSubdirectory("tare-trees-").FullName;

    public void Dispose()
    {
        using var parent = Paths.Open(Path.GetDirectoryName(_root)!, Paths.Directory);
        DirectoryTree.Remove(parent, Encoding.UTF8.GetBytes(Path.GetFileName(_root)));
    }

    [Fact]
    public void An_upper_directory_becomes_a_layer()
    {
        var upper = Make("upper");
        using var root = Paths.Open(upper, Paths.Directory);
        Sh($"""
            cd {upper}; mkdir -m 1777 tmp; mkdir dir; printf hello >dir/file; chmod 4755 dir/file; ln dir/file hard; ln -s ../x link; mkfifo -m 640 fifo
            mknod null c 1 3; mknod gone c 0 0; mknod disk b 7 1; chown -h 70000:5 link; touch -h -d @1600000000.123456789 dir/file dir link
            mkdir opaque; truncate -s 100000 sparse
            """);
        Set(upper, "opaque", "trusted.overlay.opaque", "y"u8);
        Set(upper, "dir", "trusted.overlay.origin", "x"u8);
        Set(upper, "dir/file", "user.note", [0, 255, 10]);
        var entries = Read(Upper(upper));
        Assert.Equal(
            ["dir/", "dir/file", "disk", "fifo", ".wh.gone", "hard", "link", "null", "opaque/", "opaque/.wh..wh..opq", "sparse", "tmp/"],
            entries.Select(entry => entry.Entry.DisplayName));
        var file = entries[1];
        Assert.Equal(("hello", 0x9ED, new TarTime(1_600_000_000, 0)), (Encoding.UTF8.GetString(file.Content), file.Entry.Mode, file.Entry.ModifiedAt));
        var attribute = Assert.Single(file.Entry.Attributes);
        Assert.Equal("user.note", Encoding.UTF8.GetString(attribute.Name));
        Assert.Equal([0, 255, 10], attribute.Value);
        Assert.Empty(entries[0].Entry.Attributes);
        Assert.Equal((TarEntryType.BlockDevice, 7u, 1u), (entries[2].Entry.Type, entries[2].Entry.DeviceMajor, entries[2].Entry.DeviceMinor));
        Assert.Equal((TarEntryType.Fifo, 0x1A0), (entries[3].Entry.Type, entries[3].Entry.Mode));
        Assert.Equal((TarEntryType.RegularFile, 0x180, 0L), (entries[4].Entry.Type, entries[4].Entry.Mode, entries[4].Entry.Size));
        Assert.Equal((TarEntryType.HardLink, "dir/file"), (entries[5].Entry.Type, Encoding.UTF8.GetString(entries[5].Entry.LinkName)));
        Assert.Equal((TarEntryType.SymbolicLink, "../x", 70_000L, 5L), (entries[6].Entry.Type, Encoding.UTF8.GetString(entries[6].Entry.LinkName), entries[6].Entry.Uid, entries[6].Entry.Gid));
        Assert.Equal((TarEntryType.CharacterDevice, 1u, 3u), (entries[7].Entry.Type, entries[7].Entry.DeviceMajor, entries[7].Entry.DeviceMinor));
        Assert.Equal(new byte[100_000], entries[10].Content);
        Assert.Equal(0x3FF, entries[11].Entry.Mode);
    }

    [Fact]
    public void Sockets_are_left_out_and_names_are_bytes()
    {
        var upper = Make("upper");
        using var root = Paths.Open(upper, Paths.Directory);
        Assert.Equal(0, FileSystem.MakeNode(root, "socket"u8, FileSystem.TypeSocket | 0x1A4, 0, 0));
        byte[] name = [0x66, 0xE4, 0xFF];
        Assert.Equal(0, FileSystem.MakeDirectory(root, name, 0x1ED));
        var longName = B(new string('n', 255));
        Assert.Equal(0, FileSystem.MakeDirectory(root, longName, 0x1ED));
        var entries = Read(Upper(upper));
        Assert.Equal([[.. name, (byte)'/'], [.. longName, (byte)'/']], entries.Select(entry => entry.Entry.Name));
    }

    [Fact]
    public async Task A_committed_tree_is_extracted_as_it_was()
    {
        await using var store = new TestStore();
        await store.LoadAsync(new MemoryStream(Docker([Tar(Directory("etc/"), File("etc/passwd", "root"), File("old", "x"))], null, "base:1")));
        var parent = store.Images.Get("base:1");
        var writable = store.Layers.CreateWritable("c1", parent);
        Sh($"""
            cd {writable.Directory}; mkdir etc; printf new >etc/passwd; mknod old c 0 0; mkdir -p a/b; printf 1 >a/b/c; ln a/b/c a/hard; mkfifo a/pipe; mknod a/dev c 1 5
            chmod 2750 a; chown 12:34 a/b/c; setcap cap_net_raw+ep a/b/c; ln -s /etc/passwd a/link; mkdir dir
            find . -print0 | xargs -0 touch -h -d @1600000000
            """);
        Set(writable.Directory, "a/b/c", "user.x", "y"u8);
        Set(writable.Directory, "dir", "trusted.overlay.opaque", "y"u8);
        var image = await store.Images.CommitAsync(Commit("c1", parent.Id), CancellationToken.None);
        Assert.Equal([.. parent.DiffIds, Digest.Of(Upper(writable.Directory))], image.DiffIds);
        Assert.Equal(parent.Id, image.Parent);
        var upper = Listing(writable.Directory);
        Assert.Equal(upper, Listing(image.LayerDirectories[1]));
        Assert.Contains("whiteout /old", upper, StringComparison.Ordinal);

        // Again the same files, and so the same layer.
        var again = await store.Images.CommitAsync(Commit("c1", parent.Id) with { Message = "again" }, CancellationToken.None);
        Assert.Equal(image.DiffIds, again.DiffIds);
        Assert.NotEqual(image.Id, again.Id);
        Assert.Equal("again", again.Config.History![^1].Comment);
        Assert.Equal(2, System.IO.Directory.GetDirectories(Path.Combine(store.Root, "layers")).Length);
    }

    [Fact]
    public async Task A_container_that_has_changed_nothing_adds_no_layer()
    {
        await using var store = new TestStore();
        await store.LoadAsync(new MemoryStream(Docker([Tar(File("a", "x"))], null, "base:1")));
        var parent = store.Images.Get("base:1");
        store.Layers.CreateWritable("c1", parent);
        var options = Commit("c1", parent.Id) with { Author = "me", Message = "nothing", CreatedBy = "sh", Reference = Reference.Parse("made") };
        var image = await store.Images.CommitAsync(options, CancellationToken.None);
        Assert.Equal(parent.DiffIds, image.DiffIds);
        Assert.Equal("made:latest", Assert.Single(image.Tags).FamiliarString);
        var step = image.Config.History![^1];
        Assert.Equal((true, "me", "nothing", "sh"), (step.EmptyLayer, step.Author, step.Comment, step.CreatedBy));
        Assert.Single(System.IO.Directory.GetDirectories(Path.Combine(store.Root, "layers")));
    }

    [Fact]
    public async Task A_commit_that_is_cancelled_or_fails_leaves_nothing()
    {
        await using var store = new TestStore();
        await store.LoadAsync(new MemoryStream(Docker([Tar(File("a", "x"))], null, "base:1")));
        var parent = store.Images.Get("base:1");
        var writable = store.Layers.CreateWritable("c1", parent);
        await System.IO.File.WriteAllTextAsync(Path.Combine(writable.Directory, "f"), "x");
        var before = store.Leftovers();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.Images.CommitAsync(Commit("c1", parent.Id), cancelled.Token));
        await Assert.ThrowsAsync<TareException>(() => store.Images.CommitAsync(Commit("nosuch", parent.Id), CancellationToken.None));
        await Assert.ThrowsAsync<TareException>(() => store.Images.CommitAsync(Commit("c1", Digest.Of([])), CancellationToken.None));
        Deep(writable.Directory, 2500);
        var error = await Assert.ThrowsAsync<TareException>(() => store.Images.CommitAsync(Commit("c1", parent.Id), CancellationToken.None));
        Assert.Contains("longer than the 4095", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, store.Leftovers());
        Assert.Single(store.Images.List());
    }

    [Fact]
    public void Trees_as_deep_as_a_path_is_long_are_written()
    {
        var upper = Make("upper");
        Deep(upper, 2000);
        Assert.Equal(2000, Read(Upper(upper)).Count);
        Assert.Equal(2000, Read(Exported(upper, Make("lower"))).Count);
        Assert.Equal(2000, RootChanges.Of([upper, Make("lower")], CancellationToken.None).Count);
    }

    [Fact]
    public void An_export_shows_what_overlay_shows()
    {
        var (top, middle, bottom) = (Make("top"), Make("middle"), Make("bottom"));
        Sh($"""
            cd {bottom}; mkdir -p a/sub b opq/deep swap; printf 1 >a/one; printf 2 >a/two; printf 3 >a/sub/three; printf 4 >b/four; printf 5 >opq/five; printf 6 >opq/deep/six; printf 7 >swap/seven; ln a/one a/alias; printf 8 >file
            cd {middle}; mkdir -p a b/new opq; printf two >a/two; mknod b/four c 0 0; printf nine >opq/nine; printf s >swap; mkdir file; printf in >file/in
            cd {top}; mkdir -m 700 a; mknod a/one c 0 0; mkdir -p opq/deep swap; printf ten >opq/deep/ten; printf x >swap/x; ln -s nowhere lnk
            """);
        Set(middle, "opq", "trusted.overlay.opaque", "y"u8);
        var merged = Make("merged");
        using (var mount = Mounts.Create("overlay", [("source", "overlay"), ("lowerdir+", top), ("lowerdir+", middle), ("lowerdir+", bottom)], MountAttributes.None))
            Sh($"tar -C /proc/{Environment.ProcessId}/fd/{mount.Number} -c . | tar -C {merged} -x");
        var target = Make("target");
        System.IO.File.WriteAllBytes(Path.Combine(_root, "export.tar"), Exported(top, middle, bottom));
        Sh($"tar -C {target} -xf {_root}/export.tar");
        Assert.Equal(Listing(merged), Listing(target));
        Assert.Contains("/opq/deep/ten", Listing(target), StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_keeps_hard_links_and_cuts_what_grows()
    {
        var layer = Make("layer");
        Sh($"cd {layer}; printf abc >one; ln one two; ln one three");
        var entries = Read(Exported(layer, Make("empty")));
        Assert.Equal([TarEntryType.RegularFile, TarEntryType.HardLink, TarEntryType.HardLink], entries.Select(entry => entry.Entry.Type));
        Assert.All(entries[1..], entry => Assert.Equal("one", Encoding.UTF8.GetString(entry.Entry.LinkName)));
    }

    [Fact]
    public void Changes_are_told_as_docker_tells_them()
    {
        var (upper, lower) = (Make("upper"), Make("lower"));
        Sh($"""
            cd {lower}; mkdir -p etc opq/sub same kept; printf old >etc/conf; printf g >etc/gone; printf a >opq/a; printf k >kept/k; printf t >touched; printf type >type
            find . -print0 | xargs -0 touch -h -d @1600000000
            cp -a kept same touched {upper}/; cd {upper}; mkdir -p etc opq new/dir; printf newer >etc/conf; mknod etc/gone c 0 0; ln etc/conf etc/hard; printf n >opq/n
            printf x >new/dir/x; mknod nothing c 0 0; mkdir type; printf kk >kept/k
            """);
        Set(upper, "opq", "trusted.overlay.opaque", "y"u8);
        Assert.Equal(
            ["C /etc", "C /etc/conf", "D /etc/gone", "A /etc/hard", "C /kept", "C /kept/k", "A /new", "A /new/dir", "A /new/dir/x", "C /opq", "D /opq/a", "D /opq/sub", "A /opq/n", "C /type"],
            RootChanges.Of([upper, lower], CancellationToken.None).Select(change => $"{"CAD"[(int)change.Kind]} {change.Path}"));
    }

    [Fact]
    public void Any_tree_makes_the_same_bytes_whatever_the_order_of_its_making() =>
        Prop.ForAll(Gen.ListOf(Gen.Choose(0, 255)).ToArbitrary(), seeds =>
        {
            var names = seeds.Select(seed => $"{(char)('a' + (seed % 5))}{seed}").Distinct().ToList();
            byte[] Build(string name, IEnumerable<string> order)
            {
                var folder = Make(name);
                foreach (var file in order)
                {
                    if (file.Length % 2 == 0) System.IO.Directory.CreateDirectory(Path.Combine(folder, file));
                    else System.IO.File.WriteAllText(Path.Combine(folder, file), file);
                }

                Sh($"find {folder} -print0 | xargs -0 touch -h -d @1600000000");
                return Upper(folder);
            }

            return Build(Guid.NewGuid().ToString("N"), names).AsSpan().SequenceEqual(Build(Guid.NewGuid().ToString("N"), names.AsEnumerable().Reverse()));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(30));

    private static CommitOptions Commit(string container, Digest parent) => new() { ContainerId = container, Parent = parent, Config = new OciContainerConfig() };

    private static byte[] Upper(string upper)
    {
        var target = new MemoryStream();
        UpperArchive.Write(upper, target, CancellationToken.None);
        return target.ToArray();
    }

    private static byte[] Exported(params string[] layers)
    {
        var target = new MemoryStream();
        using var stack = LayerStack.Open(layers);
        RootArchive.Write(stack, target, CancellationToken.None);
        return target.ToArray();
    }

    private static List<(TarEntry Entry, byte[] Content)> Read(byte[] archive)
    {
        var reader = new TarReader(new StreamSource(new MemoryStream(archive)));
        var entries = new List<(TarEntry, byte[])>();
        while (reader.Next() is { } entry) entries.Add((entry, reader.ReadAll(int.MaxValue)));
        Assert.True(reader.HasEndMarker);
        return entries;
    }

    private static void Deep(string folder, int depth)
    {
        var directory = Paths.Open(folder, Paths.Directory);
        for (var i = 0; i < depth; i++)
        {
            Assert.Equal(0, FileSystem.MakeDirectory(directory, "d"u8, 0x1ED));
            var next = BytePaths.TryOpenDirectory(directory, "d"u8, out _)!;
            directory.Dispose();
            directory = next;
        }

        directory.Dispose();
    }

    /// <summary>All files, with types, permissions, owners, times, contents and attributes.</summary>
    private static string Listing(string folder)
    {
        var lines = new List<string>();
        List(folder, "", lines);
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    private static void List(string folder, string path, List<string> lines)
    {
        using var directory = Paths.Open(folder, Paths.Directory);
        foreach (var entry in DirectoryTree.List(directory))
        {
            var name = $"{path}/{Encoding.Latin1.GetString(entry.Name)}";
            Assert.Equal(0, NodeAttributes.Read(directory, entry.Name, out var status));
            var whiteout = status is { Type: FileSystem.TypeCharacterDevice, DeviceMajor: 0, DeviceMinor: 0 };
            var content = status.Type switch
            {
                FileSystem.TypeRegular => Convert.ToHexString(System.IO.File.ReadAllBytes(Path.Combine(folder, Encoding.UTF8.GetString(entry.Name)))),
                FileSystem.TypeSymbolicLink => Encoding.UTF8.GetString(BytePaths.TryReadLink(directory, entry.Name, out _)!),
                _ => $"{status.DeviceMajor}:{status.DeviceMinor}",
            };
            var attributes = ExtendedAttributes.List(directory, entry.Name)
                .Select(attribute => $"{Encoding.UTF8.GetString(attribute)}={Convert.ToHexString(ExtendedAttributes.Get(directory, entry.Name, attribute)!)}");
            lines.Add(whiteout
                ? $"whiteout {name}"
                : $"{Convert.ToString(status.Mode, 8)} {name} {status.Uid}:{status.Gid} {status.ModifiedSeconds} {(entry.IsDirectory ? 0 : status.Links)} {content} {string.Join(' ', attributes)}");
            if (entry.IsDirectory) List(Path.Combine(folder, Encoding.UTF8.GetString(entry.Name)), name, lines);
        }
    }

    private static void Set(string folder, string path, string attribute, ReadOnlySpan<byte> value)
    {
        using var file = Paths.Open(Path.Combine(folder, path), OpenFlags.ReadOnly);
        Assert.Equal(0, ExtendedAttributes.Set(file, default, B(attribute), value));
    }

    private string Make(string name) => System.IO.Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
}

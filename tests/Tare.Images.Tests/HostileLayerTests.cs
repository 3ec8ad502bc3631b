using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Archives;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

/// <summary>Layers that try to get out of their directory, or to confuse whoever extracts them.</summary>
public sealed class HostileLayerTests : IAsyncLifetime
{
    private readonly TestStore _store = new();

    private string Outside => Path.Combine(_store.Root, "outside");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Theory]
    [InlineData("../escaped")]
    [InlineData("a/../../escaped")]
    [InlineData("..")]
    public async Task Names_that_lead_out_are_refused(string name)
    {
        var error = await Assert.ThrowsAsync<TareException>(() => ImportAsync(File(name, "x")));
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Leftovers());
    }

    [Theory]
    [InlineData("/abs/file", "abs/file")]
    [InlineData("/../../abs", "abs")]
    [InlineData("./a/./b//c", "a/b/c")]
    [InlineData("x/../y", "y")]
    public async Task Names_are_cleaned(string name, string path) => Assert.Equal("x", Read(await ImportAsync(File(name, "x")), path));

    [Fact]
    public async Task Links_never_lead_out()
    {
        System.IO.Directory.CreateDirectory(Outside);
        await System.IO.File.WriteAllTextAsync(Path.Combine(Outside, "victim"), "safe");
        var up = string.Concat(Enumerable.Repeat("../", 30)) + Outside.TrimStart('/');
        foreach (var target in new[] { Outside, up, "/proc/self/root" + Outside })
        {
            // The link's target does not exist inside the layer, so what is below it cannot be made.
            await Assert.ThrowsAsync<TareException>(() => ImportAsync(Link("d", target), File("d/victim", "owned")));
            await Assert.ThrowsAsync<TareException>(() => ImportAsync(Link("d", target), File("d/.wh.victim")));
            await Assert.ThrowsAsync<TareException>(() => ImportAsync(Link("d", target), Directory("d/sub"), File("d/sub/x")));
            await Assert.ThrowsAsync<TareException>(() => ImportAsync(Link("d", target), HardLink("h", "d/victim")));
            // A later entry of the same name replaces the link, it does not write through it.
            var image = await ImportAsync(Link("victim", target + "/victim"), File("victim", "new"));
            Assert.Equal("new", Read(image, "victim"));
        }

        Assert.Equal("safe", await System.IO.File.ReadAllTextAsync(Path.Combine(Outside, "victim")));
        Assert.Equal(["victim"], System.IO.Directory.GetFileSystemEntries(Outside).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Links_inside_are_followed_from_the_layers_root()
    {
        var image = await ImportAsync(Directory("usr/bin/"), Link("bin", "/usr/bin"), File("bin/sh", "x"), Link("up", "../../../usr"), File("up/bin/ls", "y"), File("bin/.wh.rm"));
        Assert.Equal("x", Read(image, "usr/bin/sh"));
        Assert.Equal("y", Read(image, "usr/bin/ls"));
        Assert.Equal((FileSystem.TypeCharacterDevice, 0u, 0u), Node(image, "usr/bin/rm"));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("absent")]
    [InlineData("absent/absent")]
    [InlineData("")]
    public async Task Hard_links_need_a_target_in_the_layer(string target)
    {
        System.IO.Directory.CreateDirectory(Outside);
        await Assert.ThrowsAsync<TareException>(() => ImportAsync(HardLink("h", target)));
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task A_directory_that_is_swapped_for_a_link_is_not_written_through()
    {
        var image = await ImportAsync(
            Directory("a/"), File("a/1", "one"), Directory("b/"), Link("a", "b"), File("a/2", "two"), File("b", "file"), File("b2", "x"));
        Assert.Equal("file", Read(image, "b"));
        Assert.False(System.IO.Directory.Exists(Path.Combine(image.LayerDirectories[0], "a")));
        Assert.Equal("b", new FileInfo(Path.Combine(image.LayerDirectories[0], "a")).LinkTarget);
        Assert.Equal(4 + 1 + 1, image.Size);
    }

    [Fact]
    public async Task Duplicates_replace_each_other_and_directories_merge()
    {
        var image = await ImportAsync(
            File("f", "first"), File("f", "second!"), Directory("d/", 0x1C0), File("d/x", "x"), Directory("d/", 0x1ED), File("g"), Directory("g/"), File("g/in", "1"));
        Assert.Equal("second!", Read(image, "f"));
        Assert.Equal("x", Read(image, "d/x"));
        Assert.Equal("1", Read(image, "g/in"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute, System.IO.File.GetUnixFileMode(Path.Combine(image.LayerDirectories[0], "d")));
        Assert.Equal(7 + 1 + 1, image.Size);
    }

    [Fact]
    public async Task Overlays_own_attributes_are_not_taken_from_archives()
    {
        var directory = Directory("d/").Entry with
        {
            Attributes = [new TarAttribute(B("trusted.overlay.redirect"), B("/etc")), new TarAttribute(B("trusted.other"), [0, 1, 2]), new TarAttribute(B("user.überall"), [255, 0])],
        };
        var image = await ImportAsync((directory, []));
        using var root = Root(image);
        Assert.Null(ExtendedAttributes.Get(root, "d"u8, "trusted.overlay.redirect"u8));
        Assert.Equal([0, 1, 2], ExtendedAttributes.Get(root, "d"u8, "trusted.other"u8)!);
        Assert.Equal([255, 0], ExtendedAttributes.Get(root, "d"u8, B("user.überall"))!);
    }

    [Fact]
    public async Task Whiteouts_become_overlays()
    {
        var image = await ImportAsync(
            Directory("o/"), File("o/.wh..wh..opq"), File("o/kept", "k"), File(".wh.gone"), File("both/x", "x"), File(".wh.both"), File(".wh..wh.plnk/1"), File(".wh.later"), Directory("later/"));
        using var root = Root(image);
        Assert.Equal("y"u8.ToArray(), ExtendedAttributes.Get(root, "o"u8, "trusted.overlay.opaque"u8));
        Assert.Equal((FileSystem.TypeCharacterDevice, 0u, 0u), Node(image, "gone"));
        Assert.Equal("x", Read(image, "both/x"));
        Assert.Equal("y"u8.ToArray(), ExtendedAttributes.Get(root, "both"u8, "trusted.overlay.opaque"u8));
        Assert.Equal("y"u8.ToArray(), ExtendedAttributes.Get(root, "later"u8, "trusted.overlay.opaque"u8));
    }

    [Theory]
    [InlineData(".wh.")]
    [InlineData(".wh..")]
    [InlineData("d/.wh...")]
    public async Task Whiteouts_of_nothing_are_refused(string name) => await Assert.ThrowsAsync<TareException>(() => ImportAsync(File(name)));

    [Fact]
    public async Task Owners_modes_times_and_devices_are_kept()
    {
        var time = new TarTime(1_234_567_890, 987_654_321);
        var image = await ImportAsync(
            (File("suid", "x", 0x9ED, uid: 4_000_000_000).Entry with { ModifiedAt = time }, B("x")),
            (Directory("dir/", 0x5FF).Entry with { Uid = 12, Gid = 34, ModifiedAt = time }, []),
            File("dir/child", "y"),
            (new TarEntry { Type = TarEntryType.CharacterDevice, Name = B("dir/dev"), DeviceMajor = 300, DeviceMinor = 70_000, Mode = 0x1B6 }, []),
            (new TarEntry { Type = TarEntryType.Fifo, Name = B("fifo"), Mode = 0x180 }, []),
            (Link("link", "suid").Entry with { Uid = 7, ModifiedAt = time }, []),
            HardLink("hard", "dir/child"),
            (new TarEntry { Type = TarEntryType.RegularFile, Name = [0xff, 0xfe, (byte)'n'], Mode = 0x1A4 }, []));
        using var root = Root(image);
        var suid = Status(root, "suid"u8);
        Assert.Equal((FileSystem.TypeRegular | 0x9ED, 4_000_000_000u, 1_234_567_890L, 987_654_321u), (suid.Mode, suid.Uid, suid.ModifiedSeconds, suid.ModifiedNanoseconds));
        var directory = Status(root, "dir"u8);
        Assert.Equal((FileSystem.TypeDirectory | 0x5FF, 12u, 34u, 987_654_321u), (directory.Mode, directory.Uid, directory.Gid, directory.ModifiedNanoseconds));
        Assert.Equal((FileSystem.TypeCharacterDevice, 300u, 70_000u), Node(image, "dir/dev"));
        // The set-group-id bit of its directory has not given the file another group.
        Assert.Equal((0u, 2u), (Status(root, "dir/child"u8).Gid, Status(root, "dir/child"u8).Links));
        Assert.Equal(FileSystem.TypeFifo | 0x180, Status(root, "fifo"u8).Mode);
        Assert.Equal((7u, 1_234_567_890L), (Status(root, "link"u8).Uid, Status(root, "link"u8).ModifiedSeconds));
        Assert.Equal(FileSystem.TypeRegular | 0x1A4, Status(root, [0xff, 0xfe, (byte)'n']).Mode);
    }

    [Fact]
    public async Task Deep_trees_are_made_and_removed()
    {
        var deep = string.Concat(Enumerable.Repeat("d/", 2000));
        var image = await ImportAsync(Directory(deep), Link("far", deep), Directory("far/" + deep[..4000]), File("far/x", "x"));
        Assert.Equal(1 + deep.Length, image.Size);
        _store.Images.Remove(image.Id.ToString(), new RemoveOptions(false, true), _ => []);
        Assert.Empty(_store.Leftovers());
    }

    [Theory]
    [InlineData(5000, "longer")]
    [InlineData(300, "longer")]
    public async Task Names_that_are_too_long_are_refused(int length, string message)
    {
        var error = await Assert.ThrowsAsync<TareException>(() => ImportAsync(File(new string('n', length) + "/x")));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4_294_967_295)]
    [InlineData(1L << 40)]
    public async Task Owners_that_linux_does_not_know_are_refused(long uid) => await Assert.ThrowsAsync<TareException>(() => ImportAsync(File("f", "", uid: uid)));

    [Fact]
    public async Task Unknown_types_are_refused()
    {
        var error = await Assert.ThrowsAsync<TareException>(() => ImportAsync((new TarEntry { Type = (TarEntryType)'Z', Name = B("z") }, [])));
        Assert.Contains("unknown", error.Message, StringComparison.Ordinal);
    }

    private async Task<Image> ImportAsync(params IEnumerable<(TarEntry Entry, byte[] Content)> entries) =>
        await _store.Images.ImportAsync(new Trickle(Tar(entries), 10_000), new ImportOptions(), CancellationToken.None);

    private static string Read(Image image, string path) => System.IO.File.ReadAllText(Path.Combine(image.LayerDirectories[0], path));

    private static Fd Root(Image image) => Paths.Open(image.LayerDirectories[0], Paths.Directory);

    private static NodeStatus Status(Fd root, ReadOnlySpan<byte> path) =>
        NodeAttributes.Read(root, path, out var status) == 0 ? status : throw new FileNotFoundException(Encoding.UTF8.GetString(path));

    private static (int Type, uint Major, uint Minor) Node(Image image, string path)
    {
        using var root = Root(image);
        var status = Status(root, B(path));
        return (status.Type, status.DeviceMajor, status.DeviceMinor);
    }
}

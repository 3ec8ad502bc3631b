using Tare.Errors;
using Tare.Linux;
using Tare.Store;

namespace Tare.Volumes.Tests;

/// <summary>The store of volumes, over a real database and directories; and what each step leaves when it is the last.</summary>
public sealed class StoreTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("tare-volumes-").FullName;
    private readonly Database database;

    public StoreTests() => database = Database.Open(Path.Combine(root, "tare.db"), VolumeStore.Schema);

    public void Dispose()
    {
        database.Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_volume_is_made_once_and_stays()
    {
        var store = Open();
        var request = new VolumeRequest
        {
            Name = "one",
            Labels = new Dictionary<string, string> { ["a"] = "b" },
            Options = new Dictionary<string, string> { ["type"] = "tmpfs", ["device"] = "tmpfs" },
        };
        var (made, created) = store.Claim(request);
        Assert.True(created);
        Assert.False(store.Claim(new VolumeRequest { Name = "one" }).Created);
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(made.Path));
        var again = Open().Get("one");
        Assert.Equal(("b", "tmpfs", made.Created, made.Path), (again.Labels!["a"], again.Options!["type"], again.Created, again.Path));
        Assert.False(again.IsAnonymous);
    }

    [Fact]
    public void An_anonymous_volume_has_a_name_of_64_digits_and_a_label()
    {
        var volume = Open().Claim(new VolumeRequest()).Volume;
        Assert.Matches("^[0-9a-f]{64}$", volume.Name);
        Assert.True(Open().Get(volume.Name).IsAnonymous);
        Assert.Null(volume.Options);
    }

    [Fact]
    public void What_has_users_is_not_removed()
    {
        var store = Open();
        store.Claim(new VolumeRequest { Name = "used" }, "c2");
        store.Claim(new VolumeRequest { Name = "used" }, "c1");
        var refused = Assert.Throws<TareException>(() => store.Remove("used"));
        Assert.Equal((ErrorKind.Conflict, "remove used: volume is in use - [c1, c2]"), (refused.Kind, refused.Message));
        store.Release("c1");
        Assert.Throws<TareException>(() => store.Remove("used"));
        store.Release("c2");
        store.RemoveRemains(store.Remove("used")!);
        Assert.Empty(Directories());
        Assert.Equal("get used: no such volume", Assert.Throws<TareException>(() => store.Remove("used")).Message);
    }

    [Fact]
    public void A_row_without_a_directory_goes_and_a_directory_without_a_row_becomes_a_volume()
    {
        var store = Open();
        Directory.Delete(Path.GetDirectoryName(store.Claim(new VolumeRequest { Name = "lost" }).Volume.Path)!, recursive: true);
        Directory.CreateDirectory(Path.Combine(root, "volumes", "brought", "_data"));
        Directory.CreateDirectory(Path.Combine(root, "volumes", "no-volume"));
        Assert.Equal(["brought"], Open().List().Select(volume => volume.Name));
        Assert.Null(Open().Get("brought").Labels);
    }

    [Fact]
    public void What_a_crash_leaves_half_is_swept()
    {
        var store = Open();
        store.Claim(new VolumeRequest { Name = "whole" });
        foreach (var left in (string[])[".new-x1", ".copy-whole", ".gone-1", ".copied-nobody"]) Directory.CreateDirectory(Path.Combine(root, "volumes", left, "_data"));
        store = Open();
        foreach (var remains in store.Remains) store.RemoveRemains(remains);
        Assert.Equal(["whole"], Directories());
        Assert.Empty(Directory.GetFileSystemEntries(store.Get("whole").Path));
    }

    [Fact]
    public void Filling_goes_on_where_a_crash_has_ended_it()
    {
        var volume = Open().Claim(new VolumeRequest { Name = "filled" }).Volume;
        // All is copied, and one of two has been moved.
        var copied = Path.Combine(root, "volumes", ".copied-filled");
        Directory.CreateDirectory(copied);
        File.WriteAllText(Path.Combine(copied, "second"), "2");
        File.WriteAllText(Path.Combine(volume.Path, "first"), "1");
        File.SetUnixFileMode(copied, (UnixFileMode)0x1C0);
        Open();
        Assert.Equal(["1", "2"], new[] { "first", "second" }.Select(name => File.ReadAllText(Path.Combine(volume.Path, name))));
        Assert.Equal((UnixFileMode)0x1C0, File.GetUnixFileMode(volume.Path));
        Assert.Equal(["filled"], Directories());
    }

    [Fact]
    public void Only_an_empty_volume_is_filled_and_a_failure_leaves_it_empty()
    {
        var store = Open();
        var volume = store.Claim(new VolumeRequest { Name = "filled" }).Volume;
        Assert.Throws<TareException>(() => store.Fill("filled", target =>
        {
            Write(target, "half");
            throw TareException.Internal("no space left on device");
        }));
        Assert.Empty(Directory.GetFileSystemEntries(volume.Path));
        Assert.Equal(["filled"], Directories());
        store.Fill("filled", _ => false);
        Assert.Equal(["filled"], Directories());
        store.Fill("filled", target =>
        {
            Write(target, "file");
            NodeAttributes.SetMode(target, 0x1C9);
            return true;
        });
        Assert.Equal(["file"], Directory.GetFileSystemEntries(volume.Path).Select(Path.GetFileName));
        Assert.Equal((UnixFileMode)0x1C9, File.GetUnixFileMode(volume.Path));
        store.Fill("filled", _ => throw new InvalidOperationException("it is not empty"));
    }

    [Fact]
    public void What_is_bound_to_a_container_goes_with_it()
    {
        var store = Open();
        var kept = store.Claim(new VolumeRequest(), "kept", bound: true).Volume.Name;
        var gone = store.Claim(new VolumeRequest(), "gone", bound: true).Volume.Name;
        store.Claim(new VolumeRequest { Name = "named" }, "gone", bound: true);
        store = Open();
        store.Claim(new VolumeRequest { Name = kept }, "kept");
        foreach (var remains in store.Settle(new HashSet<string> { "kept" })) store.RemoveRemains(remains);
        Assert.Equal(new[] { kept, "named" }.Order(StringComparer.Ordinal), Directories());
        Assert.Null(store.Find(gone));
        // It lives by itself from now on.
        Assert.Empty(Open().Settle(new HashSet<string>()));
    }

    [Theory]
    [InlineData("create v1: invalid option: \"foo\"", "foo=1", "type=tmpfs", "device=tmpfs")]
    [InlineData("create v1: missing required option: \"device\"", "type=tmpfs")]
    [InlineData("create v1: missing required option: \"type\"", "device=/x", "o=bind")]
    [InlineData("create v1: invalid size: 'abc'", "size=abc")]
    [InlineData("create v1: invalid suffix: 'x'", "size=1x")]
    [InlineData("create v1: missing required option: \"device\"", "size=0", "o=bind")]
    public void Options_that_make_no_sense(string message, params string[] options)
    {
        var store = Open();
        var request = new VolumeRequest { Name = "v1", Options = options.Select(option => option.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]) };
        Assert.Equal(message, Assert.Throws<TareException>(() => store.Claim(request)).Message);
        Assert.Empty(Directories());
        Assert.Empty(Open().List());
    }

    private VolumeStore Open() => VolumeStore.Open(root, database, TimeProvider.System);

    private string[] Directories() => [.. Directory.EnumerateDirectories(Path.Combine(root, "volumes")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private static void Write(Fd directory, string name) => File.WriteAllText(Path.Combine(directory.ProcPath, name), name);
}

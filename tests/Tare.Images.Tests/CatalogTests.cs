using Tare.Errors;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Oci.Compression;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

public sealed class CatalogTests : IAsyncLifetime
{
    private static readonly byte[] Base = Tar(File("base", "b"));
    private static readonly byte[] Top = Tar(File("top", "t"));
    private static readonly string Container = new('c', 64);

    private readonly TestStore _store = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task Images_are_found_by_all_their_names()
    {
        var image = await LoadAsync([Base], "localhost/x:v1");
        foreach (var name in new[] { "localhost/x:v1", image.Id.ToString(), image.Id.Hex, image.Id.Short, image.Id.Hex[..3], "sha256:" + image.Id.Hex[..5] })
            Assert.Equal(image.Id, _store.Images.Get(name).Id);
        Assert.Null(_store.Images.Find("localhost/x"));
        Assert.Equal("No such image: localhost/x:latest", Error(ErrorKind.NotFound, () => _store.Images.Get("localhost/x")));
        Assert.Equal("No such image: absent:latest", Error(ErrorKind.NotFound, () => _store.Images.Get("absent")));
        Assert.Equal($"No such image: sha256:{new string('0', 64)}", Error(ErrorKind.NotFound, () => _store.Images.Get(new string('0', 64))));
        Assert.Equal("invalid reference format", Error(ErrorKind.InvalidArgument, () => _store.Images.Get("x:")));
    }

    [Fact]
    public async Task A_prefix_of_two_ids_is_none()
    {
        for (var i = 0; i < 20; i++) await LoadAsync([Base], $"x:{i}", comment: $"{i}");
        var shared = _store.Images.List().GroupBy(image => image.Id.Hex[0]).First(group => group.Count() > 1).Key.ToString();
        Assert.Null(_store.Images.Find(shared));
    }

    [Fact]
    public async Task Tags_are_put_and_moved()
    {
        var first = await LoadAsync([Base], "x:1");
        var second = await LoadAsync([Top], "y:1");
        Assert.Equal(default, _store.Images.Tag("x:1", Reference.Parse("z")).Previous);
        Assert.Equal(first.Id, _store.Images.Get("z").Id);
        var result = _store.Images.Tag(second.Id.Short, Reference.Parse("z"));
        Assert.Equal((first.Id, second.Id), (result.Previous, _store.Images.Get("z:latest").Id));
        Assert.Equal(["y:1", "z:latest"], result.Image.Tags.Select(tag => tag.FamiliarString));
        Error(ErrorKind.InvalidArgument, () => _store.Images.Tag("x:1", Reference.Parse($"q@{first.Id}")));
        Error(ErrorKind.NotFound, () => _store.Images.Tag("absent", Reference.Parse("q")));
    }

    [Fact]
    public async Task Removing_a_name_of_several_only_untags()
    {
        var image = await LoadAsync([Base], "x:1", "x:2");
        Assert.Equal([new ImageRemoval("x:1", null, image.Id)], Remove("x:1"));
        Assert.Equal(["x:2"], _store.Images.Get(image.Id.Short).Tags.Select(tag => tag.FamiliarString));
    }

    [Fact]
    public async Task Removing_the_last_name_removes_image_and_layers()
    {
        var other = await LoadAsync([Base], "other:1");
        var image = await LoadAsync([Base, Top], "x:1");
        var chain = Digest.Of(B($"{Digest.Of(Base)} {Digest.Of(Top)}"));
        Assert.Equal(
            [new ImageRemoval("x:1", null, image.Id), new ImageRemoval(null, image.Id.ToString(), image.Id), new ImageRemoval(null, chain.ToString(), default)],
            Remove("x:1"));
        Assert.True(System.IO.Directory.Exists(other.LayerDirectories[0]));
        Remove("other:1");
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task Removing_by_id_takes_all_names_only_by_force()
    {
        var image = await LoadAsync([Base], "x:1", "y:1");
        Assert.Equal(
            $"conflict: unable to delete {image.Id.Short} (must be forced) - image is referenced in multiple repositories",
            Error(ErrorKind.Conflict, () => Remove(image.Id.Short)));
        Assert.Equal(["x:1", "y:1"], Remove(image.Id.Short, force: true).Select(removal => removal.Untagged).OfType<string>());
        Assert.Empty(_store.Leftovers());
        var single = await LoadAsync([Base], "x:1");
        Assert.Equal(["x:1"], Remove(single.Id.Short).Select(removal => removal.Untagged).OfType<string>());
    }

    [Fact]
    public async Task Images_in_use_are_kept()
    {
        var image = await LoadAsync([Base], "x:1");
        Assert.Equal(
            $"conflict: unable to remove repository reference \"x:1\" (must force) - container {Container[..12]} is using its referenced image {image.Id.Short}",
            Error(ErrorKind.Conflict, () => Remove("x:1", users: [new ImageUser(Container, false)])));
        Assert.Equal(
            $"conflict: unable to delete {image.Id.Short} (must be forced) - image is being used by stopped container {Container[..12]}",
            Error(ErrorKind.Conflict, () => Remove(image.Id.Short, users: [new ImageUser(Container, false)])));
        Assert.Equal(
            $"conflict: unable to delete {image.Id.Short} (cannot be forced) - image is being used by running container {Container[..12]}",
            Error(ErrorKind.Conflict, () => Remove(image.Id.Short, force: true, users: [new ImageUser(Container, true)])));
        // By force the name goes from under a running container, and the image stays without one.
        Assert.Equal([new ImageRemoval("x:1", null, image.Id)], Remove("x:1", force: true, users: [new ImageUser(Container, true)]));
        Assert.NotNull(_store.Images.Find(image.Id.Short));
    }

    [Fact]
    public async Task Layers_live_as_long_as_a_container_needs_them()
    {
        var image = await LoadAsync([Base, Top], "x:1");
        var writable = _store.Layers.CreateWritable(Container, image);
        Assert.Equal(image.LayerDirectories.Reverse(), writable.Layers);
        Assert.True(System.IO.Directory.Exists(writable.Directory) && System.IO.Directory.Exists(writable.Work));
        Error(ErrorKind.Conflict, () => _store.Layers.CreateWritable(Container, image));
        var removed = Remove("x:1", force: true, users: [new ImageUser(Container, false)]);
        Assert.Equal(image.Id.ToString(), removed[^1].Deleted);
        Assert.True(System.IO.Directory.Exists(writable.Layers[1]));
        Error(ErrorKind.NotFound, () => _store.Layers.CreateWritable("another", image));
        Assert.Equivalent(writable, _store.Layers.FindWritable(Container));
        await System.IO.File.WriteAllTextAsync(Path.Combine(writable.Directory, "x"), "x");
        _store.Layers.RemoveWritable(Container);
        _store.Layers.RemoveWritable(Container);
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task Layers_of_a_mounted_image_live_as_long_as_its_container()
    {
        var image = await LoadAsync([Base], "x:1");
        var mounted = await LoadAsync([Base, Top], "y:1");
        _store.Layers.CreateWritable(Container, image, mounted, image, mounted);
        var second = _store.Layers.FindMounted(Container, 2)!;
        Assert.Equal(Path.Combine(_store.Root, "containers", Container, "images", "2"), second.Directory);
        Assert.Equal([.. mounted.LayerDirectories.Reverse(), second.Directory], second.Layers);
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(second.Directory));
        Assert.Equal([image.LayerDirectories[0], _store.Layers.FindMounted(Container, 1)!.Directory], _store.Layers.FindMounted(Container, 1)!.Layers);
        // What is freed is told: of the mounted image nothing is.
        var removed = Remove("y:1", force: true, users: [new ImageUser(Container, false)]);
        Assert.Equal([new ImageRemoval("y:1", null, mounted.Id), new ImageRemoval(null, mounted.Id.ToString(), mounted.Id)], removed);
        Assert.All(second.Layers, layer => Assert.True(System.IO.Directory.Exists(layer)));
        Error(ErrorKind.NotFound, () => _store.Layers.CreateWritable("another", image, mounted));
        Assert.Equal([Container], _store.Layers.ListWritables());
        _store.Layers.RemoveWritable(Container);
        Assert.Null(_store.Layers.FindMounted(Container, 0));
        Assert.False(System.IO.Directory.Exists(second.Layers[0]));
        Assert.True(System.IO.Directory.Exists(image.LayerDirectories[0]));
        Remove("x:1");
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task A_mounted_image_without_layers_is_an_empty_directory()
    {
        var image = await LoadAsync([Base], "x:1");
        var empty = await LoadAsync([], "y:1");
        _store.Layers.CreateWritable(Container, image, empty);
        var mounted = _store.Layers.FindMounted(Container, 0)!;
        Assert.Empty(mounted.Layers);
        Assert.True(System.IO.Directory.Exists(mounted.Directory));
    }

    [Fact]
    public async Task Writables_of_unknown_containers_are_swept()
    {
        var image = await LoadAsync([Base], "x:1");
        _store.Layers.CreateWritable("known", image);
        _store.Layers.CreateWritable("unknown", image, image);
        System.IO.Directory.CreateDirectory(Path.Combine(_store.Root, "containers/unknown/log"));
        _store.Layers.SweepWritables(new HashSet<string> { "known" });
        Assert.Equal(["known"], _store.Layers.ListWritables());
        Assert.Equal(["log"], System.IO.Directory.GetFileSystemEntries(Path.Combine(_store.Root, "containers/unknown")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_store_that_is_opened_again_is_the_same_and_swept()
    {
        var image = await LoadAsync([Base, Top], "x:1");
        await _store.CloseAsync();
        // What a crash leaves: a directory without a row, a row without its layer, a document without an image.
        System.IO.Directory.CreateDirectory(Path.Combine(_store.Root, "layers/zz/fs/deep"));
        await System.IO.File.WriteAllTextAsync(Path.Combine(_store.Root, "content/ingest/1"), "half");
        await System.IO.File.WriteAllTextAsync(Path.Combine(_store.Root, "content/sha256", new string('0', 64)), "unknown");
        using (var database = Tare.Store.Database.Open(Path.Combine(_store.Root, "tare.db"), ImageStore.Schema))
        {
            database.Write(session => session.Execute("INSERT INTO image_layer (id, state) VALUES (50, 0), (51, 2)"));
            System.IO.Directory.CreateDirectory(Path.Combine(_store.Root, "layers", LayerName.Of(50), "fs"));
        }

        await using var again = new TestStore(_store.Root);
        Assert.Equivalent(image, again.Images.Get("x:1"));
        Assert.Empty(again.Images.Losses);
        Assert.Equal([$"content/sha256/{image.Id.Hex}", "layers/1", "layers/2"], again.Leftovers());
        Assert.Equal(2, again.Database.Read(session => session.QueryFirst("SELECT count(*) FROM image_layer", row => row.GetInt64(0))));
    }

    [Fact]
    public async Task Layers_that_a_power_cut_may_have_taken_are_dropped()
    {
        var image = await LoadAsync([Base], "x:1");
        await LoadAsync([Top], "y:1");
        await _store.CloseAsync();
        using (var database = Tare.Store.Database.Open(Path.Combine(_store.Root, "tare.db"), ImageStore.Schema))
            database.Write(session => session.Execute("UPDATE image_layer SET boot = 'another boot' WHERE diff_id = ?", Digest.Of(Base).ToString()));
        await using var again = new TestStore(_store.Root);
        Assert.Contains(image.Id.ToString(), Assert.Single(again.Images.Losses), StringComparison.Ordinal);
        Assert.Null(again.Images.Find("x:1"));
        Assert.NotNull(again.Images.Find("y:1"));
    }

    [Theory]
    [InlineData("missing", true)]
    [InlineData("missing", false)]
    [InlineData("damaged", true)]
    [InlineData("damaged", false)]
    public async Task A_configuration_that_is_lost_spoils_only_its_own_image_and_that_can_be_mended(string how, bool load)
    {
        var image = await LoadAsync([Base], "x:1");
        var other = await LoadAsync([Base, Top], "y:1");
        Spoil(image, how);
        // What has been read is kept in memory; a new store knows nothing.
        await _store.CloseAsync();
        await using var again = new TestStore(_store.Root);
        if (how == "missing") Assert.Contains("its configuration is missing", Assert.Single(again.Images.Losses), StringComparison.Ordinal);
        else Assert.Contains("is damaged", Error(ErrorKind.Internal, () => again.Images.Get("x:1")), StringComparison.Ordinal);
        Assert.Equivalent(other, again.Images.Get("y:1"));
        again.Layers.CreateWritable(Container, again.Images.Get("y:1"));
        if (load)
        {
            await again.LoadAsync(new MemoryStream(Docker([Base], Config([Base]), "x:1")));
            Assert.Equal(image.Id, again.Images.Get("x:1").Id);
            Assert.Equal(image.Id, Digest.Of(again.Images.ReadConfiguration(image.Id)));
        }
        else if (how == "damaged")
        {
            Assert.Equal(["x:1"], again.Images.Remove("x:1", new RemoveOptions(Force: false, Prune: true), _ => []).Select(removal => removal.Untagged).OfType<string>());
            Assert.Equal([other.Id], again.Images.List().Select(known => known.Id));
        }
    }

    [Fact]
    public async Task A_configuration_that_is_lost_under_a_running_engine_is_loaded_again_or_removed()
    {
        var image = await LoadAsync([Base], "x:1");
        Spoil(image, "missing");
        var other = await LoadAsync([Top], "y:1");
        Assert.Equal([image.Id, other.Id], _store.Images.List().Select(known => known.Id).OrderBy(id => id == other.Id));
        Assert.Equal(image.Id, (await LoadAsync([Base], "x:2")).Id);
        Assert.Equal(image.Id, Digest.Of(_store.Images.ReadConfiguration(image.Id)));
        Spoil(image, "missing");
        Remove(image.Id.Short, force: true);
        Remove("y:1");
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task A_layer_that_a_load_counts_on_is_not_removed_before_it_has_ended()
    {
        await _store.LoadAsync(new MemoryStream(Layout([Base], CompressionKind.None, "x:1")));
        var archive = Layout([Base, Top], CompressionKind.None, "y:1");
        // The removal comes when the load has seen the layer and before it has ended.
        await LoadAsync(() => Remove("x:1", force: true));
        Assert.Equal("b", await System.IO.File.ReadAllTextAsync(Path.Combine(_store.Images.Get("y:1").LayerDirectories[0], "base")));
        Remove("y:1");
        Assert.Empty(_store.Leftovers());

        // A load that fails gives the layer back, and it goes.
        await _store.LoadAsync(new MemoryStream(Layout([Base], CompressionKind.None, "x:1")));
        await Assert.ThrowsAsync<IOException>(() => LoadAsync(() =>
        {
            Remove("x:1", force: true);
            throw new IOException("broken");
        }));
        Assert.Empty(_store.Leftovers());

        Task LoadAsync(Action meanwhile)
        {
            var seen = new LayerSeen(Digest.Of(Base).Hex[..12]);
            return _store.Images.LoadAsync(new Interrupted(archive, archive.Length - 512, seen.Task, meanwhile), new LoadOptions(), seen, CancellationToken.None);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Loads_and_removals_of_the_same_image_leave_it_whole_or_gone(bool layout)
    {
        var archive = layout ? Layout([Base, Top], CompressionKind.None, "x:1") : Docker([Base, Top], Config([Base, Top]), "x:1");
        using var ended = new CancellationTokenSource();
        var removers = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                try
                {
                    Remove("x:1", force: true);
                }
                catch (TareException e) when (e.Kind == ErrorKind.NotFound)
                {
                    Thread.Yield();
                }
            }
        })).ToArray();
        var loaders = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++) await _store.LoadAsync(new MemoryStream(archive));
        })).ToArray();
        await Task.WhenAll(loaders);
        await ended.CancelAsync();
        await Task.WhenAll(removers);
        var image = await LoadAsync([Base, Top], "x:1");
        Assert.Equal(image.Id, Digest.Of(_store.Images.ReadConfiguration(image.Id)));
        Remove("x:1", force: true);
        Assert.Empty(_store.Leftovers());
    }

    /// <summary>Tells when a load has passed a layer.</summary>
    private sealed class LayerSeen(string layer) : IProgress<LoadEvent>
    {
        private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Task => _seen.Task;

        public void Report(LoadEvent value)
        {
            if (value is LayerProgress progress && progress.Layer == layer && progress.Current == progress.Total) _seen.TrySetResult();
        }
    }

    /// <summary>An archive that waits for something, and does something, before its last bytes come.</summary>
    private sealed class Interrupted(byte[] content, int at, Task when, Action action) : MemoryStream(content)
    {
        private Action? _action = action;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position < at) return await base.ReadAsync(buffer[..(int)Math.Min(buffer.Length, at - Position)], cancellationToken);
            await when.WaitAsync(cancellationToken);
            Interlocked.Exchange(ref _action, null)?.Invoke();
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }

    private void Spoil(Image image, string how)
    {
        var path = Path.Combine(_store.Root, "content/sha256", image.Id.Hex);
        if (how == "missing") System.IO.File.Delete(path);
        else System.IO.File.WriteAllText(path, "{}");
    }

    private async Task<Image> LoadAsync(byte[][] layers, string tag, string? second = null, string comment = "")
    {
        var (result, _) = await _store.LoadAsync(new MemoryStream(Docker(layers, Config(layers, comment), second is null ? [tag] : [tag, second])));
        return result.Images[0].Image;
    }

    private IReadOnlyList<ImageRemoval> Remove(string name, bool force = false, IReadOnlyList<ImageUser>? users = null) =>
        _store.Images.Remove(name, new RemoveOptions(force, Prune: true), _ => users ?? []);

    private static string Error(ErrorKind kind, Func<object> action)
    {
        var error = Assert.Throws<TareException>(() => action());
        Assert.Equal(kind, error.Kind);
        return error.Message;
    }
}

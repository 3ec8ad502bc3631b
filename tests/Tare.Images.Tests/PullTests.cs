using System.Collections.Concurrent;
using Tare.Errors;
using Tare.Images.Pulling;
using Tare.Oci;
using Tare.Oci.Compression;
using Tare.Oci.Images;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

/// <summary>Images from a repository: what comes in, and that nothing stays of what does not.</summary>
public sealed class PullTests : IAsyncLifetime
{
    private static readonly OciPlatform Other = new() { Os = "linux", Architecture = "s390x" };
    private static readonly byte[] First = Tar(File("a", "first"), Directory("d"));
    private static readonly byte[] Second = Tar(File("b", "second"));

    private readonly TestStore _store = new();
    private readonly FakeRepository _repository = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Theory]
    [InlineData(CompressionKind.None)]
    [InlineData(CompressionKind.Gzip)]
    [InlineData(CompressionKind.Zstd)]
    public async Task An_image_comes_whole(CompressionKind kind)
    {
        var (manifest, id) = _repository.Add("1", [First, Second], kind);
        var (result, events) = await PullAsync("1");
        Assert.True(result.IsNew);
        Assert.Equal((id, manifest), (result.Image.Id, result.Digest));
        Assert.Equal([Digest.Of(First), Digest.Of(Second)], result.Image.DiffIds);
        Assert.Equal("first", await System.IO.File.ReadAllTextAsync(Path.Combine(result.Image.LayerDirectories[0], "a")));
        Assert.Equal(["registry.test/app:1"], result.Image.Tags.Select(tag => tag.ToString()));
        Assert.Equal([$"registry.test/app@{manifest}"], result.Image.Digests.Select(name => name.ToString()));
        Assert.Equal(2, events.Count(e => e is PullLayerEvent { Stage: PullStage.PullComplete }));

        (result, events) = await PullAsync("1");
        Assert.False(result.IsNew);
        Assert.DoesNotContain(events, e => e is PullLayerEvent);
    }

    [Fact]
    public async Task A_layer_that_is_there_is_not_fetched_again()
    {
        _repository.Add("1", [First, Second]);
        await PullAsync("1");
        var third = Tar(File("c", "third"));
        _repository.Add("2", [First, third]);
        _repository.Requests.Clear();
        var (result, events) = await PullAsync("2");
        // The configuration and one layer.
        Assert.Equal(2, _repository.Requests.Count);
        Assert.Single(events, e => e is PullLayerEvent { Stage: PullStage.AlreadyExists });
        Assert.Equal([Digest.Of(First), Digest.Of(third)], result.Image.DiffIds);
    }

    [Fact]
    public async Task The_same_layer_twice_is_fetched_once()
    {
        _repository.Add("1", [First, First]);
        var (result, _) = await PullAsync("1");
        Assert.Equal([Digest.Of(First), Digest.Of(First)], result.Image.DiffIds);
        Assert.All(_repository.Requests.Values, count => Assert.Equal(1, count));
    }

    [Fact]
    public async Task What_several_pull_at_once_comes_once()
    {
        _repository.Add("1", [First, Second]);
        _repository.Add("2", [First, Second], change: config => [.. config, (byte)'\n']);
        using var gate = new ManualResetEventSlim();
        _repository.Open = (_, _, content) => new Gated(content, gate, content.Length > 300 ? 0 : 2);
        var pulls = new[] { "1", "2", "1", "2" }.Select(tag => Task.Run(() => PullAsync(tag))).ToList();
        gate.Set();
        foreach (var pull in pulls) await pull;
        Assert.Equal(2, _store.Images.List().Count);
        await RemoveAllAsync();
    }

    /// <param name="position">In parts of the whole: what is damaged is the header's time, which no reader of gzip looks at, or the content.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(0.95)]
    public async Task A_damaged_layer_is_fetched_once_more(double position)
    {
        _repository.Add("1", [First, Second]);
        _repository.Open = (_, number, content) => new MemoryStream(number == 1 && IsGzip(content) ? Spoil(content, position) : content);
        await PullAsync("1");
        _repository.Add("2", [Tar(File("c", "other"))]);
        _repository.Open = (_, _, content) => new MemoryStream(IsGzip(content) ? Spoil(content, position) : content);
        var error = await Assert.ThrowsAnyAsync<TareException>(() => PullAsync("2"));
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.Contains("came with the digest", error.Message, StringComparison.Ordinal);
        await RemoveAllAsync();
    }

    [Fact]
    public async Task A_damaged_configuration_is_fetched_once_more()
    {
        var (_, id) = _repository.Add("1", [First]);
        _repository.Open = (blob, number, content) => new MemoryStream(blob == id && number == 1 ? Spoil(content, 0.5) : content);
        await PullAsync("1");
        await RemoveAllAsync();
        _repository.Open = (blob, _, content) => new MemoryStream(blob == id ? Spoil(content, 0.5) : content);
        var error = await Assert.ThrowsAnyAsync<TareException>(() => PullAsync("1"));
        Assert.Contains("the configuration", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, _repository.Requests[id.ToString()]);
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task A_layer_that_holds_another_archive_is_refused()
    {
        _repository.Add("1", [First, Second], change: config => B(System.Text.Encoding.UTF8.GetString(config).Replace(Digest.Of(First).Hex, Digest.Of(B("x")).Hex, StringComparison.Ordinal)));
        var error = await Assert.ThrowsAnyAsync<TareException>(() => PullAsync("1"));
        Assert.Contains("configuration says", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task A_bomb_is_refused()
    {
        var bomb = new byte[(1 << 30) + (1 << 20)];
        Tar(File("a", "x")).AsSpan(0, 1024).CopyTo(bomb);
        _repository.Add("1", [bomb], CompressionKind.Zstd);
        var error = await Assert.ThrowsAnyAsync<TareException>(() => PullAsync("1"));
        Assert.Contains("bomb", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task One_that_gives_up_leaves_nothing()
    {
        _repository.Add("1", [First, Second]);
        using var gate = new ManualResetEventSlim();
        _repository.Open = (_, _, content) => IsGzip(content) ? new Gated(content, gate, 8) : new MemoryStream(content);
        using var cancellation = new CancellationTokenSource();
        var pull = Task.Run(() => PullAsync("1", cancellation: cancellation.Token));
        while (_repository.Requests.Count < 3) await Task.Yield();
        var other = Task.Run(() => PullAsync("1"));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);
        gate.Set();
        await other;
        Assert.Single(_store.Images.List());
        await RemoveAllAsync();
    }

    [Fact]
    public async Task Of_an_index_the_platform_is_chosen_and_others_join_it()
    {
        var host = _repository.Add(null, [First]);
        var other = _repository.Add(null, [First, Second], platform: Other);
        var index = _repository.AddIndex("1", (other.Manifest, Other), (host.Manifest, Platforms.Host));
        var (result, _) = await PullAsync("1");
        Assert.Equal((host.Id, index), (result.Image.Id, result.Digest));
        await PullAsync("1", Other);
        // The name still means this machine's, and nothing hangs in the air.
        Assert.Equal(host.Id, _store.Images.Get("registry.test/app:1").Id);
        Assert.Equal(2, _store.Images.List().Count);
        Assert.DoesNotContain(_store.Images.List(), image => image.IsDangling);
        await RemoveAllAsync("registry.test/app:1");
    }

    [Fact]
    public async Task What_a_name_stands_for_is_listed_whether_it_is_here_or_not()
    {
        var host = _repository.Add(null, [First]);
        var other = _repository.Add(null, [First, Second], platform: Other);
        _repository.AddIndex("1", (other.Manifest, Other), (host.Manifest, Platforms.Host));
        var (result, _) = await PullAsync("1");
        var manifests = _store.Images.ManifestsOf(result.Image);
        Assert.Equal([other.Manifest.ToString(), host.Manifest.ToString()], manifests.Select(variant => variant.Manifest.Digest));
        Assert.Equal([null, host.Id], manifests.Select(variant => variant.Image?.Id));
        Assert.Equal(["s390x", Platforms.Host.Architecture], manifests.Select(variant => variant.Platform!.Architecture));
        Assert.Equal(0, manifests[0].ContentSize);
        Assert.True(manifests[1].ContentSize > manifests[1].Manifest.Size);

        // By its id it is the same, and an image that came without an index has its own manifest.
        Assert.Equal(2, _store.Images.ManifestsOf(_store.Images.Get(host.Id.ToString())).Count);
        _repository.Add("2", [Second]);
        Assert.Equal(Platforms.Host.Architecture, Assert.Single(_store.Images.ManifestsOf((await PullAsync("2")).Result.Image)).Platform!.Architecture);
        await RemoveAllAsync("registry.test/app:1", "registry.test/app:2");
    }

    [Fact]
    public async Task A_platform_is_removed_and_the_name_means_what_is_left()
    {
        var host = _repository.Add(null, [First]);
        var other = _repository.Add(null, [First, Second], platform: Other);
        _repository.AddIndex("1", (other.Manifest, Other), (host.Manifest, Platforms.Host));
        await PullAsync("1");
        await PullAsync("1", Other);
        _store.Images.Tag("registry.test/app:1", Reference.Parse("registry.test/app:same"));
        var missing = Assert.Throws<TareException>(() => Remove("registry.test/app:1", new OciPlatform { Os = "linux", Architecture = "mips" }));
        Assert.Equal(ErrorKind.NotFound, missing.Kind);
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<TareException>(() => Remove("registry.test/app:1", Platforms.Host, new ImageUser("c", Running: true))).Kind);

        // The names of the host's image are those of the other one afterwards.
        Assert.Equal(host.Id.ToString(), Assert.Single(Remove("registry.test/app:1", Platforms.Host), removal => removal.Deleted == host.Id.ToString()).Deleted);
        Assert.Equal(other.Id, _store.Images.Get("registry.test/app:1").Id);
        Assert.Equal(other.Id, _store.Images.Get("registry.test/app:same").Id);
        Assert.Equal([other.Id], _store.Images.List().Select(image => image.Id));
        await PullAsync("1");
        Assert.Equal(host.Id, _store.Images.Get("registry.test/app:1").Id);

        // With the last platform the name goes.
        Remove("registry.test/app:same", Platforms.Host);
        Remove("registry.test/app:1", Other);
        Assert.Null(_store.Images.Find("registry.test/app:1"));
        await RemoveAllAsync("registry.test/app:same");
    }

    [Fact]
    public async Task A_platform_that_has_a_name_alone_is_removed_by_force()
    {
        var host = _repository.Add(null, [First]);
        var other = _repository.Add(null, [First, Second], platform: Other);
        _repository.AddIndex("1", (other.Manifest, Other), (host.Manifest, Platforms.Host));
        await PullAsync("1");
        await PullAsync("1", Other);
        _store.Images.Tag(other.Id.ToString(), Reference.Parse("registry.test/alone:1"));
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<TareException>(() => Remove("registry.test/app:1", Other)).Kind);
        var removals = _store.Images.Remove("registry.test/app:1", [Other], new RemoveOptions(Force: true, Prune: true), _ => []);
        Assert.Contains(removals, removal => removal.Untagged == "registry.test/alone:1");
        Assert.Equal([host.Id], _store.Images.List().Select(image => image.Id));
        await RemoveAllAsync("registry.test/app:1");
    }

    [Fact]
    public async Task A_tag_that_has_moved_leaves_its_old_image_nameless()
    {
        var old = _repository.Add("1", [First]);
        await PullAsync("1");
        var next = _repository.Add("1", [Second]);
        await PullAsync("1");
        Assert.Equal(next.Id, _store.Images.Get("registry.test/app:1").Id);
        Assert.Empty(_store.Images.Get(old.Id.ToString()).Tags);
        await RemoveAllAsync();
    }

    [Fact]
    public async Task Without_the_platform_it_is_not_found()
    {
        var other = _repository.Add(null, [First], platform: Other);
        _repository.AddIndex("1", (other.Manifest, Other));
        var error = await Assert.ThrowsAsync<TareException>(() => PullAsync("1"));
        Assert.Equal($"no matching manifest for {PlatformSpecifier.Format(Platforms.Host)} in the manifest list entries", error.Message);
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task After_a_crash_nothing_of_a_pull_is_left()
    {
        _repository.Add("1", [First]);
        await PullAsync("1");
        var before = _store.Leftovers();
        _repository.Add("2", [First, Second]);
        using var gate = new ManualResetEventSlim();
        _repository.Open = (_, _, content) => IsGzip(content) ? new Gated(content, gate, 8) : new MemoryStream(content);
        using var cancellation = new CancellationTokenSource();
        var pull = Task.Run(() => PullAsync("2", cancellation: cancellation.Token));
        while (_store.Leftovers().Count == before.Count) await Task.Yield();
        // As the engine's death leaves it: a second store over the same files.
        var copy = System.IO.Directory.CreateTempSubdirectory("tare-crash-").FullName;
        using (var process = System.Diagnostics.Process.Start("cp", ["-a", _store.Root + "/.", copy])) await process.WaitForExitAsync();
        await using (var again = new TestStore(copy)) Assert.Equal(before, again.Leftovers());
        System.IO.Directory.Delete(copy, recursive: true);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pull);
        Assert.Equal(before, _store.Leftovers());
    }

    private IReadOnlyList<ImageRemoval> Remove(string name, OciPlatform platform, params ImageUser[] users) =>
        _store.Images.Remove(name, [platform], new RemoveOptions(Force: false, Prune: true), _ => users);

    private static bool IsGzip(byte[] content) => Compressions.Detect(content) == CompressionKind.Gzip;

    private static byte[] Spoil(byte[] content, double position)
    {
        var spoiled = content.ToArray();
        spoiled[Math.Max(5, (int)(content.Length * position))] ^= 0xff;
        return spoiled;
    }

    private async Task<(PullResult Result, IReadOnlyList<PullEvent> Events)> PullAsync(string tag, OciPlatform? platform = null, CancellationToken cancellation = default)
    {
        var events = new Events();
        var result = await _store.Images.PullAsync(_repository, _repository.Tag(tag), platform, events, cancellation);
        return (result, [.. events.All]);
    }

    private Task RemoveAllAsync(params string[] names)
    {
        foreach (var name in names) _store.Images.Remove(name, new RemoveOptions(false, true), _ => []);
        foreach (var image in _store.Images.List())
        {
            if (names.Length == 0) _store.Images.Remove(image.Id.ToString(), new RemoveOptions(true, true), _ => []);
        }

        Assert.Empty(_store.Images.List());
        Assert.Empty(_store.Leftovers());
        return Task.CompletedTask;
    }

    private sealed class Events : IProgress<PullEvent>
    {
        internal ConcurrentQueue<PullEvent> All { get; } = [];

        public void Report(PullEvent value) => All.Enqueue(value);
    }

    /// <summary>A stream that stops after some bytes until the gate is open.</summary>
    private sealed class Gated(byte[] content, ManualResetEventSlim gate, int free) : ReadOnlyStream
    {
        private int _position;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_position >= free) await Task.Run(() => gate.Wait(cancellationToken), cancellationToken);
            return Read(buffer.Span);
        }

        public override int Read(Span<byte> buffer)
        {
            if (_position >= free) gate.Wait();
            var count = Math.Min(Math.Min(buffer.Length, _position < free ? free - _position : int.MaxValue), content.Length - _position);
            content.AsSpan(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }
    }
}

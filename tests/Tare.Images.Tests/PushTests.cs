using System.Security.Cryptography;
using Tare.Distribution;
using Tare.Errors;
using Tare.Images.Pulling;
using Tare.Images.Pushing;
using Tare.Oci;
using Tare.Oci.Compression;
using Tare.Oci.Images;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

/// <summary>Images to a repository: what is sent, what is not, and that what comes back is what went.</summary>
public sealed class PushTests : IAsyncLifetime
{
    private static readonly OciPlatform Other = new() { Os = "linux", Architecture = "s390x" };
    private static readonly byte[] First = Tar(File("a", "first"), Directory("d"), File("d/.wh.x"));
    private static readonly byte[] Second = Tar(File("b", "second"));

    private readonly TestStore _store = new();
    private readonly FakeTarget _target = new("registry.test/app");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task An_image_comes_back_as_it_went()
    {
        await _store.LoadAsync(new MemoryStream(Docker([First, Second], tags: "registry.test/app:1")));
        var id = _store.Images.Get("registry.test/app:1").Id;
        var (tag, stages) = await PushAsync(_target, "registry.test/app:1");
        Assert.Equal(2, stages.Count(stage => stage == PushStage.Pushed));
        Assert.Equal(_target.Manifests["1"].Digest, tag.Digest);
        Assert.Equal(MediaTypes.DockerManifest, _target.Manifests["1"].MediaType);
        Assert.Equal([$"registry.test/app@{tag.Digest}"], _store.Images.Get(id.ToString()).Digests.Select(name => name.ToString()));
        _store.Images.Remove(id.ToString(), new RemoveOptions(true, true), _ => []);
        Assert.Empty(_store.Leftovers());
        var pulled = await _store.Images.PullAsync(_target.Pullable(), Reference.Parse("registry.test/app:1"), null, new Nowhere<PullEvent>(), CancellationToken.None);
        Assert.Equal((id, tag.Digest), (pulled.Image.Id, pulled.Digest));
    }

    [Fact]
    public async Task What_is_there_is_not_sent_and_what_another_repository_has_is_mounted()
    {
        await _store.LoadAsync(new MemoryStream(Docker([First, Second], tags: ["registry.test/app:1", "registry.test/app:2", "registry.test/other:1", "elsewhere.test/app:1"])));
        await PushAsync(_target, "registry.test/app:1");
        _target.Log.Clear();
        var (_, stages) = await PushAsync(_target, "registry.test/app:2");
        Assert.Equal(2, stages.Count(stage => stage == PushStage.AlreadyExists));
        Assert.Empty(_target.Log);

        var other = new FakeTarget("registry.test/other", _target);
        (_, stages) = await PushAsync(other, "registry.test/other:1");
        Assert.Equal(2, stages.Count(stage => stage == PushStage.Mounted));
        Assert.Equal(["mount", "mount", "blob"], other.Log.Order().Reverse());
        Assert.Equal(_target.Manifests["1"].Digest, other.Manifests["1"].Digest);

        var elsewhere = new FakeTarget("elsewhere.test/app");
        (_, stages) = await PushAsync(elsewhere, "elsewhere.test/app:1");
        Assert.Equal(2, stages.Count(stage => stage == PushStage.Pushed));
        // The same bytes are compressed to the same blob everywhere.
        Assert.Equal(_target.Manifests["1"].Digest, elsewhere.Manifests["1"].Digest);
    }

    [Fact]
    public async Task A_blob_that_the_registry_has_lost_is_sent_again()
    {
        await _store.LoadAsync(new MemoryStream(Docker([First], tags: "registry.test/app:1")));
        await PushAsync(_target, "registry.test/app:1");
        var manifest = _target.Manifests["1"];
        _target.Blobs.Clear();
        var (tag, stages) = await PushAsync(_target, "registry.test/app:1");
        Assert.Single(stages, stage => stage == PushStage.Pushed);
        Assert.Equal(manifest.Digest, tag.Digest);
    }

    [Fact]
    public async Task What_came_from_a_registry_goes_back_with_its_digest()
    {
        var repository = new FakeRepository();
        var (digest, _) = repository.Add("1", [First, Second], CompressionKind.Zstd);
        await _store.Images.PullAsync(repository, repository.Tag("1"), null, new Nowhere<PullEvent>(), CancellationToken.None);
        foreach (var blob in repository.Blobs) _target.Blobs[blob.Key] = blob.Value;
        _store.Images.Tag("registry.test/app:1", Reference.Parse("registry.test/app:again"));
        var (tag, _) = await PushAsync(_target, "registry.test/app:again");
        Assert.Equal(digest, tag.Digest);
        Assert.Equal(MediaTypes.OciManifest, _target.Manifests["again"].MediaType);
    }

    [Fact]
    public async Task A_large_layer_goes_in_chunks()
    {
        _target.MinimumChunk = 5 * 1024 * 1024;
        var noise = RandomNumberGenerator.GetBytes(23 * 1024 * 1024);
        var layer = Tar(Bytes("noise", noise));
        await _store.LoadAsync(new MemoryStream(Docker([layer], tags: "registry.test/app:1")));
        await PushAsync(_target, "registry.test/app:1");
        Assert.True(_target.Log.Count(entry => entry == "chunk") >= 3);
        using var plain = Compressions.Decompress(CompressionKind.Gzip, new MemoryStream(_target.Blobs.Values.MaxBy(blob => blob.Length)!));
        using var copy = new MemoryStream();
        plain.CopyTo(copy);
        Assert.Equal(layer, copy.ToArray());
    }

    /// <param name="length">One chunk, or several of which the next one is being filled when one is refused.</param>
    [Theory]
    [InlineData(1000)]
    [InlineData(23 * 1024 * 1024)]
    public async Task A_refusal_ends_all_and_leaves_no_upload(int length)
    {
        var layer = Tar(Bytes("noise", RandomNumberGenerator.GetBytes(length)));
        await _store.LoadAsync(new MemoryStream(Docker([First, layer], tags: "registry.test/app:1")));
        var before = _store.Leftovers();
        _target.Taking = () => throw TareException.Invalid("denied: it is full");
        var error = await Assert.ThrowsAsync<TareException>(() => PushAsync(_target, "registry.test/app:1"));
        Assert.Equal("denied: it is full", error.Message);
        Assert.Equal(0, _target.OpenUploads);
        Assert.Empty(_target.Manifests);
        Assert.Equal(before, _store.Leftovers());
    }

    [Fact]
    public async Task Several_platforms_go_with_an_index_and_come_from_archives()
    {
        var repository = new FakeRepository();
        var host = repository.Add(null, [First]);
        var other = repository.Add(null, [First, Second], platform: Other);
        repository.AddIndex("1", (other.Manifest, Other), (host.Manifest, Platforms.Host));
        foreach (var platform in new[] { Platforms.Host, Other })
            await _store.Images.PullAsync(repository, repository.Tag("1"), platform, new Nowhere<PullEvent>(), CancellationToken.None);

        var (tag, _) = await PushAsync(_target, "registry.test/app:1");
        Assert.True(MediaTypes.IsIndex(_target.Manifests["1"].MediaType));
        Assert.Equal(4, _target.Manifests.Count);
        Assert.Equal(tag.Digest, _target.Manifests["1"].Digest);

        // One platform alone.
        var single = new FakeTarget("registry.test/single");
        _store.Images.Tag("registry.test/app:1", Reference.Parse("registry.test/single:1"));
        await _store.Images.PushAsync(single, Reference.Parse("registry.test/single:1"), Other, new Events(), CancellationToken.None);
        Assert.True(MediaTypes.IsManifest(single.Manifests["1"].MediaType));

        // An archive keeps them together, and so does who loads it.
        using var archive = new MemoryStream();
        await _store.Images.SaveAsync(["registry.test/app:1"], null, archive, CancellationToken.None);
        await using var second = new TestStore();
        var (_, messages) = await second.LoadAsync(new MemoryStream(archive.ToArray()));
        Assert.Equal("Loaded image: registry.test/app:1\n", messages);
        Assert.Equal([host.Id, other.Id], second.Images.Variants("registry.test/app:1").Select(image => image.Id));
        Assert.Equal(other.Id, second.Images.Get("registry.test/app:1", Other).Id);
        using var again = new MemoryStream();
        await second.Images.SaveAsync(["registry.test/app:1"], null, again, CancellationToken.None);
        Assert.Equal(archive.ToArray(), again.ToArray());
        using var part = new MemoryStream();
        await second.Images.SaveAsync(["registry.test/app:1"], Other, part, CancellationToken.None);
        await using var third = new TestStore();
        await third.LoadAsync(new MemoryStream(part.ToArray()));
        Assert.Equal([other.Id], third.Images.List().Select(image => image.Id));

        second.Images.Remove("registry.test/app:1", new RemoveOptions(false, true), _ => []);
        Assert.Empty(second.Leftovers());
    }

    private async Task<(PushedTagEvent Tag, IReadOnlyList<PushStage> Stages)> PushAsync(FakeTarget target, string name)
    {
        var events = new Events();
        await _store.Images.PushAsync(target, Reference.Parse(name), null, events, CancellationToken.None);
        return (events.All.OfType<PushedTagEvent>().Single(), [.. events.All.OfType<PushLayerEvent>().Select(layer => layer.Stage)]);
    }

    private sealed class Events : IProgress<PushEvent>
    {
        internal System.Collections.Concurrent.ConcurrentQueue<PushEvent> All { get; } = [];

        public void Report(PushEvent value) => All.Enqueue(value);
    }

    private sealed class Nowhere<T> : IProgress<T>
    {
        public void Report(T value)
        {
        }
    }
}

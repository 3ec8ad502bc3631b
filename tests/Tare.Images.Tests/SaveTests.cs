using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Compression;
using Tare.Oci.Images;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

public sealed class SaveTests
{
    private static readonly byte[] Lower = Tar(Directory("etc/"), File("etc/a", "lower"), File("etc/b", "gone"));

    private static readonly byte[] Upper = Tar(File("etc/a", "upper!"), File("etc/.wh.b"), Link("link", "etc/a"));

    [Fact]
    public async Task An_archive_has_the_members_and_documents_of_docker()
    {
        await using var store = await StoreWithTwo();
        var two = store.Images.Get("repo/two:1").Id;
        var (lower, upper) = (Digest.Of(Lower), Digest.Of(Upper));
        var files = Read(await SaveAsync(store, "repo/two:1"));
        var manifest = $$$$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{{two}}}}","size":{{{{store.Images.ReadConfiguration(two).Length}}}}},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{{{lower}}}}","size":{{{{Lower.Length}}}}},{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{{{upper}}}}","size":{{{{Upper.Length}}}}}]}""";
        var digest = Digest.Of(B(manifest));
        var blobs = new[] { two, lower, upper, digest }.Order().Select(blob => $"blobs/sha256/{blob.Hex}");
        Assert.Equal(["blobs/", "blobs/sha256/", .. blobs, "index.json", "manifest.json", "oci-layout", "repositories"], files.Select(file => file.Name));
        var content = files.ToDictionary(file => file.Name, file => Encoding.UTF8.GetString(file.Content));
        Assert.Equal(manifest, content[$"blobs/sha256/{digest.Hex}"]);
        Assert.Equal(Upper, files.Single(file => file.Name.EndsWith(upper.Hex, StringComparison.Ordinal)).Content);
        Assert.Equal(
            $$$$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{{{digest}}}}","size":{{{{manifest.Length}}}},"annotations":{"io.containerd.image.name":"docker.io/repo/two:1","org.opencontainers.image.ref.name":"1"}}]}""",
            content["index.json"]);
        Assert.Equal(
            $$$$"""[{"Config":"blobs/sha256/{{{{two.Hex}}}}","RepoTags":["repo/two:1"],"Layers":["blobs/sha256/{{{{lower.Hex}}}}","blobs/sha256/{{{{upper.Hex}}}}"],"LayerSources":{{{{{Sources(lower, upper)}}}}}}]""" + "\n",
            content["manifest.json"]);
        Assert.Equal("""{"imageLayoutVersion": "1.0.0"}""", content["oci-layout"]);
        Assert.Equal($$$"""{"repo/two":{"1":"{{{upper.Hex}}}"}}""" + "\n", content["repositories"]);
    }

    [Fact]
    public async Task What_was_saved_is_loaded_by_either_of_its_manifests()
    {
        await using var store = await StoreWithTwo();
        var archive = await SaveAsync(store, "one", "repo/two");
        var (one, two) = (store.Images.Get("one").Id, store.Images.Get("repo/two:1").Id);
        await using var other = new TestStore();
        var (result, messages) = await other.LoadAsync(new MemoryStream(archive));
        Assert.Equal(new[] { one, two }.Order(), result.Images.Select(image => image.Image.Id));
        Assert.Contains("Loaded image: one:latest\n", messages, StringComparison.Ordinal);
        Assert.Contains("Loaded image: repo/two:1\nLoaded image: repo/two:2\n", messages, StringComparison.Ordinal);
        Assert.Equal(archive, await SaveAsync(other, "one", "repo/two"));

        // Without Docker's own manifest it is an OCI layout, with an entry for each name.
        var layout = Tar(Read(archive).Where(file => file.Name is not ("manifest.json" or "repositories")).Select(file => file.Name.EndsWith('/') ? Directory(file.Name) : Bytes(file.Name, file.Content)));
        await using var third = new TestStore();
        await third.LoadAsync(new MemoryStream(layout));
        Assert.Equal(two, third.Images.Get("repo/two:2").Id);
        Assert.Equal(archive, await SaveAsync(third, "repo/two", "one"));
    }

    [Fact]
    public async Task Images_are_named_by_id_by_tag_and_by_repository()
    {
        await using var store = await StoreWithTwo();
        var (one, two) = (store.Images.Get("one").Id, store.Images.Get("repo/two:1").Id);
        Assert.Equal([], TagsOf(await SaveAsync(store, two.ToString())));
        Assert.Equal([], TagsOf(await SaveAsync(store, two.Hex[..12])));
        Assert.Equal(["repo/two:2"], TagsOf(await SaveAsync(store, "repo/two:2")));
        Assert.Equal(["repo/two:1", "repo/two:2"], TagsOf(await SaveAsync(store, "repo/two")));
        Assert.Equal(["repo/two:1"], TagsOf(await SaveAsync(store, "repo/two:1", two.ToString(), "docker.io/repo/two:1")));
        Assert.Equal(["one:latest", "repo/two:1"], TagsOf(await SaveAsync(store, "one", "repo/two:1")).Order());
        Assert.DoesNotContain(Read(await SaveAsync(store, one.ToString())), file => file.Name == "repositories");
    }

    [Fact]
    public async Task What_is_not_there_and_other_platforms_are_told_before_anything_is_written()
    {
        await using var store = await StoreWithTwo();
        var target = new MemoryStream();
        foreach (var names in new string[][] { ["nosuch"], ["one", "repo/two:3"], ["sha256:" + new string('0', 64)] })
        {
            var error = await Assert.ThrowsAsync<TareException>(() => store.Images.SaveAsync(names, null, target, CancellationToken.None));
            Assert.Equal(ErrorKind.NotFound, error.Kind);
        }

        var other = new OciPlatform { Os = "linux", Architecture = "mips" };
        var missing = await Assert.ThrowsAsync<TareException>(() => store.Images.SaveAsync(["one"], other, target, CancellationToken.None));
        Assert.Equal("no suitable export target found for platform linux/mips", missing.Message);
        Assert.Equal(0, target.Length);
        Assert.Single(await store.Images.SaveAsync(["one"], Platforms.Host, target, CancellationToken.None));
    }

    [Fact]
    public async Task An_image_that_is_removed_meanwhile_is_saved_whole()
    {
        await using var store = await StoreWithTwo();
        var two = store.Images.Get("repo/two:1").Id;
        var expected = await SaveAsync(store, "repo/two");
        var target = new Interrupted(() => store.Images.Remove(two.ToString(), new RemoveOptions(Force: true, Prune: true), _ => []));
        await store.Images.SaveAsync(["repo/two"], null, target, CancellationToken.None);
        Assert.Equal(expected, target.ToArray());
        Assert.Null(store.Images.Find("repo/two:1"));
        // The layer that one still has stays; the other went when it was not held any more.
        Assert.Single(System.IO.Directory.GetDirectories(Path.Combine(store.Root, "layers")));
    }

    [Fact]
    public async Task A_save_that_is_cancelled_lets_its_layers_go()
    {
        await using var store = await StoreWithTwo();
        using var cancellation = new CancellationTokenSource();
        var target = new Interrupted(cancellation.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.Images.SaveAsync(["repo/two"], null, target, cancellation.Token));
        foreach (var name in new[] { "one", "repo/two:1", "repo/two:2" }) store.Images.Remove(name, new RemoveOptions(Force: false, Prune: true), _ => []);
        Assert.Empty(store.Leftovers());
    }

    [Fact]
    public void The_same_images_make_the_same_bytes_wherever_they_came_from() =>
        Prop.ForAll(Gen.ListOf(Gen.Choose(1, 6)).ToArbitrary(), picks =>
        {
            var names = picks.Distinct().Select(pick => $"image{pick}").ToArray();
            if (names.Length == 0) return true;
            return Made(names, names).AsSpan().SequenceEqual(Made([.. names.Reverse()], [.. names.Order(StringComparer.Ordinal)]));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(15));

    private static byte[] Made(string[] order, string[] asked) => MadeAsync(order, asked).GetAwaiter().GetResult();

    private static async Task<byte[]> MadeAsync(string[] order, string[] asked)
    {
        await using var store = new TestStore();
        foreach (var name in order)
        {
            var layers = name[^1] % 2 == 0 ? new[] { Lower, Tar(File(name, name)) } : [Lower];
            await store.LoadAsync(new MemoryStream(Layout(layers, CompressionKind.Gzip, $"{name}:latest")));
        }

        return await SaveAsync(store, asked);
    }

    private static async Task<TestStore> StoreWithTwo()
    {
        var store = new TestStore();
        await store.LoadAsync(new MemoryStream(Docker([Lower], null, "one:latest")));
        await store.LoadAsync(new MemoryStream(Docker([Lower, Upper], null, "repo/two:1", "repo/two:2")));
        return store;
    }

    private static async Task<byte[]> SaveAsync(TestStore store, params string[] names)
    {
        var target = new MemoryStream();
        await store.Images.SaveAsync(names, null, target, CancellationToken.None);
        return target.ToArray();
    }

    private static List<(string Name, byte[] Content)> Read(byte[] archive)
    {
        var reader = new TarReader(new StreamSource(new MemoryStream(archive)));
        var files = new List<(string, byte[])>();
        while (reader.Next() is { } entry)
        {
            Assert.Equal((new TarTime(0, 0), 0L, 0L), (entry.ModifiedAt, entry.Uid, entry.Gid));
            files.Add((entry.DisplayName, reader.ReadAll(int.MaxValue)));
        }

        return files;
    }

    private static IEnumerable<string> TagsOf(byte[] archive)
    {
        using var manifest = JsonDocument.Parse(Read(archive).Single(file => file.Name == "manifest.json").Content);
        return [.. manifest.RootElement.EnumerateArray()
            .SelectMany(image => image.GetProperty("RepoTags") is { ValueKind: JsonValueKind.Array } tags ? tags.EnumerateArray().Select(tag => tag.GetString()!) : [])];
    }

    private static string Sources(Digest lower, Digest upper) => string.Join(',', new[] { (lower, Lower.Length), (upper, Upper.Length) }
        .OrderBy(layer => layer.Item1)
        .Select(layer => $$"""
            "{{layer.Item1}}":{"mediaType":"application/vnd.oci.image.layer.v1.tar","size":{{layer.Length}},"digest":"{{layer.Item1}}"}
            """));

    /// <summary>Does something with the first byte that it gets.</summary>
    private sealed class Interrupted(Action then) : MemoryStream
    {
        private bool _done;

        public override void Write(byte[] buffer, int offset, int count)
        {
            base.Write(buffer, offset, count);
            if (_done) return;
            _done = true;
            then();
        }
    }
}

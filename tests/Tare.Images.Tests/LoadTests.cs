using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Compression;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

public sealed class LoadTests
{
    private static readonly byte[] Lower = Tar(Directory("etc/"), File("etc/a", "lower"), File("etc/b", "gone"), Directory("old/"), File("old/x", "1"));

    private static readonly byte[] Upper = Tar(File("etc/a", "upper!"), File("etc/.wh.b"), Directory("old/"), File("old/.wh..wh..opq"), Link("link", "etc/a"));

    [Theory]
    [InlineData(CompressionKind.None)]
    [InlineData(CompressionKind.Gzip)]
    [InlineData(CompressionKind.Zstd)]
    public async Task A_docker_archive_is_loaded(CompressionKind outer)
    {
        await using var store = new TestStore();
        var archive = Compress(outer, Docker([Lower, Upper], null, "localhost/x:1", "busybox:latest"));
        var (result, messages) = await store.LoadAsync(new Trickle(archive, 700));
        Assert.Equal("Loaded image: localhost/x:1\nLoaded image: busybox:latest\n", messages);
        var image = Assert.Single(result.Images).Image;
        Assert.Equal(image.Id, Digest.Of(store.Images.ReadConfiguration(image.Id)));
        Assert.Equal([Digest.Of(Lower), Digest.Of(Upper)], image.DiffIds);
        Assert.Equal(5 + 4 + 1 + 6 + 5, image.Size);
        Assert.Equal("upper!", await System.IO.File.ReadAllTextAsync(Path.Combine(image.LayerDirectories[1], "etc/a")));
        Assert.Equal(new DateTimeOffset(2024, 2, 3, 4, 5, 6, TimeSpan.Zero).AddTicks(1234567), image.Created);
        Assert.Equal(image.Id, store.Images.Get("busybox").Id);
    }

    [Theory]
    [InlineData(CompressionKind.None, false)]
    [InlineData(CompressionKind.None, true)]
    [InlineData(CompressionKind.Gzip, false)]
    [InlineData(CompressionKind.Zstd, true)]
    public async Task An_oci_layout_is_loaded(CompressionKind kind, bool indexFirst)
    {
        await using var store = new TestStore();
        var (result, messages) = await store.LoadAsync(new Trickle(Layout([Lower, Upper], kind, "docker.io/library/oci:v1", indexFirst), 100_000));
        Assert.Equal("Loaded image: oci:v1\n", messages);
        Assert.Equal([Digest.Of(Lower), Digest.Of(Upper)], result.Images[0].Image.DiffIds);
        (_, messages) = await store.LoadAsync(new Trickle(Layout([Upper], kind, null), 100_000));
        Assert.StartsWith("Loaded image ID: sha256:", messages, StringComparison.Ordinal);
        // The layer is shared with the first image.
        Assert.Equal(2, System.IO.Directory.GetDirectories(Path.Combine(store.Root, "layers")).Length);
    }

    [Fact]
    public async Task A_tag_moves_and_the_old_image_stays()
    {
        await using var store = new TestStore();
        await store.LoadAsync(new MemoryStream(Docker([Lower], null, "x:latest")));
        var old = store.Images.Get("x").Id;
        var (_, messages) = await store.LoadAsync(new MemoryStream(Docker([Upper], null, "x:latest")));
        Assert.Equal($"The image x:latest already exists, renaming the old one with ID {old} to empty string\nLoaded image: x:latest\n", messages);
        Assert.True(store.Images.Get(old.ToString()).IsDangling);
        Assert.NotEqual(old, store.Images.Get("x").Id);
    }

    [Fact]
    public async Task Loading_twice_changes_nothing()
    {
        await using var store = new TestStore();
        var archive = Docker([Lower, Upper], null, "x:latest");
        await store.LoadAsync(new MemoryStream(archive));
        var before = store.Leftovers();
        await store.LoadAsync(new MemoryStream(archive));
        Assert.Equal(before, store.Leftovers());
        Assert.Single(store.Images.List());
    }

    [Fact]
    public async Task Two_loads_at_once_share_their_layers()
    {
        await using var store = new TestStore();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            store.LoadAsync(new Trickle(Docker([Lower, Upper], Config([Lower, Upper], $"{i}"), $"x:{i}"), 300))));
        Assert.Equal(6, store.Images.List().Count);
        Assert.Equal(2, System.IO.Directory.GetDirectories(Path.Combine(store.Root, "layers")).Length);
    }

    [Fact]
    public async Task A_cut_at_any_block_leaves_nothing()
    {
        await using var store = new TestStore();
        foreach (var archive in new[] { Docker([Lower, Upper], null, "x:latest"), Layout([Lower], CompressionKind.Gzip, "x:latest") })
        {
            for (var length = 0; length <= archive.Length - 1024; length += 512)
            {
                var error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new MemoryStream(archive[..length])));
                Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
                Assert.Empty(store.Leftovers());
            }
        }

        Assert.Empty(store.Images.List());
    }

    [Fact]
    public async Task A_changed_blob_is_named_with_both_digests()
    {
        await using var store = new TestStore();
        var archive = Layout([Lower], CompressionKind.None, "x:latest");
        var at = archive.AsSpan().IndexOf("lower"u8);
        archive[at] = (byte)'L';
        var changed = Lower.ToArray();
        changed[Lower.AsSpan().IndexOf("lower"u8)] = (byte)'L';
        var error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new MemoryStream(archive)));
        Assert.Contains(Digest.Of(Lower).ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains(Digest.Of(changed).ToString(), error.Message, StringComparison.Ordinal);
        Assert.Empty(store.Leftovers());
    }

    [Fact]
    public async Task A_layer_that_is_not_the_configurations_is_refused()
    {
        await using var store = new TestStore();
        var error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new MemoryStream(Docker([Lower], Config([Upper]), "x:latest"))));
        Assert.Equal($"invalid diffID for layer 0: expected \"{Digest.Of(Upper)}\", got \"{Digest.Of(Lower)}\"", error.Message);
        error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new MemoryStream(Docker([Lower], Config([Lower, Upper]), "x:latest"))));
        Assert.Equal("invalid manifest, layers length mismatch: expected 1, got 2", error.Message);
        Assert.Empty(store.Leftovers());
    }

    [Theory]
    [InlineData("{}", "manifest.json of the archive is malformed")]
    [InlineData("null", "manifest.json of the archive is empty")]
    [InlineData("""[{"Config":"absent.json","Layers":[]}]""", "lacks the configuration \"absent.json\"")]
    [InlineData("""[{"Config":"manifest.json","Layers":[]}]""", "is no image configuration")]
    public async Task Malformed_manifests_are_refused(string manifest, string message)
    {
        await using var store = new TestStore();
        var error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new MemoryStream(Tar(File("manifest.json", manifest)))));
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("this is no archive")]
    [InlineData("")]
    public async Task What_is_no_archive_is_refused(string content)
    {
        await using var store = new TestStore();
        var error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new MemoryStream(B(content))));
        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new MemoryStream(Tar(File("etc/passwd", "root")))));
        Assert.Contains("use import", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_load_that_is_cancelled_leaves_nothing()
    {
        await using var store = new TestStore();
        using var cancellation = new CancellationTokenSource();
        var archive = new Endless(Docker([Lower, Upper], null, "x:latest")[..4096], cancellation.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.Images.LoadAsync(archive, new LoadOptions(), null, cancellation.Token));
        Assert.Empty(store.Leftovers());
    }

    [Fact]
    public async Task A_connection_that_breaks_leaves_nothing()
    {
        await using var store = new TestStore();
        var archive = new Endless(Docker([Lower, Upper], null, "x:latest")[..4096], () => throw new IOException("gone"));
        await Assert.ThrowsAsync<IOException>(() => store.Images.LoadAsync(archive, new LoadOptions(), null, CancellationToken.None));
        Assert.Empty(store.Leftovers());
    }

    /// <summary>Gives its content, then does something, and never ends.</summary>
    private sealed class Endless(byte[] content, Action then) : Stream
    {
        private bool _given;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_given)
            {
                _given = true;
                content.CopyTo(buffer);
                return content.Length;
            }

            then();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

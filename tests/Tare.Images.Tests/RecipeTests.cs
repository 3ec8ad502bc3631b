using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Compression;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

/// <summary>Layers as archives again: byte by byte what they were extracted from.</summary>
public sealed class RecipeTests : IAsyncLifetime
{
    private readonly TestStore _store = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public Task Files_links_and_directories() => Same(Tar(
        Directory("d/", 0x3FF), File("d/a", "content", 0x9ED, 5), File("d/empty"), Link("d/l", "a"), HardLink("d/h", "d/a"), File("d/.wh.gone"), File("d/.wh..wh..opq"),
        Link("up", "d"), File("up/through", "a link"), File("deep/without/directory", "x"), File("./odd//name/../here", "y")));

    [Fact]
    public Task What_is_replaced_later_keeps_its_content() => Same(Tar(
        File("a", "first"), File("a", "second"), HardLink("kept", "a"), File("a", "third"),
        Directory("d"), File("d/one", "in the directory"), Directory("d/sub"), File("d/sub/two", "deeper"), File("d", "a file now"),
        Directory("e"), File("e/x", "old x"), File("e/x", "new x"), Link("e", "f"), File("f/x", "in f"), File("e/y", "through the link"),
        Link("e", "g"), Directory("g"), File("e/y", "elsewhere"), Directory("e"), File("e/y", "in a directory again")));

    [Fact]
    public Task Names_that_are_no_text() => Same(Tar(
        (new TarEntry { Type = TarEntryType.RegularFile, Name = [0xff, 0xfe, (byte)'/', 0x80], Size = 3, Mode = 0x1A4 }, B("abc")),
        (new TarEntry { Type = TarEntryType.SymbolicLink, Name = [0xe9], LinkName = [0xff, 0xfe], Mode = 0x1FF }, []),
        (new TarEntry { Type = TarEntryType.RegularFile, Name = [0xe9, (byte)'/', 0x81], Size = 3, Mode = 0x1A4 }, B("def"))));

    [Fact]
    public async Task Whatever_follows_the_end_is_kept()
    {
        var tar = Tar(File("a", "x"));
        await Same([.. tar, .. new byte[10240], .. B("and more than zeros")]);
    }

    [Theory]
    [InlineData("gnu")]
    [InlineData("oldgnu")]
    [InlineData("pax")]
    [InlineData("posix")]
    [InlineData("ustar")]
    [InlineData("v7")]
    public async Task Archives_of_the_systems_tar(string format)
    {
        var folder = System.IO.Directory.CreateTempSubdirectory("tare-recipe-").FullName;
        try
        {
            await using (var sparse = System.IO.File.Create(Path.Combine(folder, "sparse")))
            {
                sparse.Position = 1 << 20;
                sparse.Write("in the middle"u8);
                sparse.SetLength(3 << 20);
            }

            await System.IO.File.WriteAllTextAsync(Path.Combine(folder, "text"), string.Concat(Enumerable.Repeat("line\n", 50_000)));
            var sparseOptions = format is "ustar" or "v7" ? "" : "--sparse";
            var command = $"cd {folder} && mkdir -p {new string('n', 80)} && echo x >{new string('n', 80)}/y && tar --format={format} {sparseOptions} -cf ../$(basename {folder}).tar . ";
            using var process = Process.Start("/bin/sh", ["-c", command]);
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
            await Same(await System.IO.File.ReadAllBytesAsync(folder + ".tar"));
        }
        finally
        {
            System.IO.Directory.Delete(folder, recursive: true);
            System.IO.File.Delete(folder + ".tar");
        }
    }

    [Theory]
    [InlineData(CompressionKind.Gzip)]
    [InlineData(CompressionKind.Zstd)]
    public async Task A_compressed_layer_gives_its_archive(CompressionKind kind)
    {
        var tar = Tar(File("a", "content"), Directory("b"));
        using var stream = new Trickle(Compress(kind, tar), 7);
        var image = await _store.Images.ImportAsync(stream, new ImportOptions(), CancellationToken.None);
        Assert.Equal(tar, Archived(image.DiffIds[0]));
    }

    /// <summary>Random entries over few names, so that nearly each replaces another.</summary>
    [Fact]
    public void Any_order_of_entries()
    {
        var name = Gen.Elements("a", "b", "a/a", "a/b", "b/a", "a/a/a", "b/b/b");
        var entry = Gen.OneOf(
            from path in name from content in Gen.Elements("", "one", "two", "three") select File(path, content),
            from path in name select Directory(path),
            from path in name from target in Gen.Elements("a", "b", "a/b", "../b", "/a") select Link(path, target),
            from path in name from target in name select HardLink(path, target),
            from path in Gen.Elements(".wh.a", "a/.wh.b", "a/.wh..wh..opq") select File(path));
        Prop.ForAll(Gen.ListOf(entry).ToArbitrary(), entries =>
        {
            var tar = Tar(entries);
            try
            {
                Same(tar).GetAwaiter().GetResult();
            }
            catch (TareException e) when (e.Kind == ErrorKind.InvalidArgument)
            {
                // Links in circles and the like are refused.
            }
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public async Task A_damaged_file_is_noticed()
    {
        var image = await ImportAsync(Tar(File("a", "content"), File("b", "other")));
        var file = Path.Combine(image.LayerDirectories[0], "a");
        await System.IO.File.WriteAllTextAsync(file, "CONTENT");
        Assert.Contains("damaged", Assert.Throws<TareException>(() => Archived(image.DiffIds[0])).Message, StringComparison.Ordinal);
        await System.IO.File.WriteAllTextAsync(file, "short");
        Assert.Contains("damaged", Assert.Throws<TareException>(() => Archived(image.DiffIds[0])).Message, StringComparison.Ordinal);
        System.IO.File.Delete(file);
        Assert.Contains("damaged", Assert.Throws<TareException>(() => Archived(image.DiffIds[0])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_replacements_are_refused()
    {
        var tar = Tar(Enumerable.Range(0, 100_002).Select(_ => File("a")));
        var error = await Assert.ThrowsAsync<TareException>(() => ImportAsync(tar));
        Assert.Contains("replace", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Leftovers());
    }

    private async Task<Image> ImportAsync(byte[] tar) => await _store.Images.ImportAsync(new MemoryStream(tar), new ImportOptions(), CancellationToken.None);

    private async Task Same(byte[] tar)
    {
        var image = await ImportAsync(tar);
        Assert.Equal(Digest.Of(tar), image.DiffIds[0]);
        var made = Archived(image.DiffIds[0]);
        if (!made.AsSpan().SequenceEqual(tar)) Assert.Fail($"{Encoding.Latin1.GetString(made.AsSpan(0, 512))} is another archive");
    }

    private byte[] Archived(Digest diffId)
    {
        var archive = _store.Layers.OpenArchive(diffId);
        using var target = new MemoryStream();
        archive.CopyTo(target, CancellationToken.None);
        Assert.Equal(archive.Length, target.Length);
        return target.ToArray();
    }
}

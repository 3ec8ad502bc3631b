using System.Diagnostics;
using Tare.Errors;
using Tare.Oci.Compression;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

/// <summary>A data root on a small ext4 filesystem of its own. Needs root and a loop device.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int Megabyte = 1024 * 1024;

    private readonly string _directory = System.IO.Directory.CreateTempSubdirectory("tare-full-").FullName;

    private string Root => Path.Combine(_directory, "root");

    public FullDiskTests()
    {
        var image = Path.Combine(_directory, "disk");
        using (var file = System.IO.File.Create(image)) file.SetLength(24 * Megabyte);
        Run("mkfs.ext4", "-q", "-F", "-N", "600", image);
        System.IO.Directory.CreateDirectory(Root);
        Run("mount", "-o", "loop", image, Root);
    }

    public void Dispose()
    {
        Run("umount", Root);
        System.IO.Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_disk_that_fills_up_while_extracting_is_left_as_it_was()
    {
        await using var store = new TestStore(Root);
        await store.LoadAsync(new MemoryStream(Docker([Tar(File("small", "x"))], null, "small:1")));
        var before = store.Leftovers();
        var big = new byte[16 * Megabyte];
        foreach (var layers in new[]
        {
            new[] { Tar(Bytes("a", big)), Tar(Bytes("b", big)) },
            [Tar(Enumerable.Range(0, 1000).Select(i => File($"f{i}", "x")))],
            [Tar(Enumerable.Range(0, 1000).Select(i => Directory($"d{i}/")))],
        })
        {
            var error = await Assert.ThrowsAsync<TareException>(() => store.LoadAsync(new Trickle(Docker(layers, null, "big:1"), 100_000)));
            Assert.Equal(ErrorKind.Internal, error.Kind);
            Assert.Contains("no space left on device", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, store.Leftovers());
            error = await Assert.ThrowsAsync<TareException>(() =>
                store.Images.ImportAsync(new Trickle(Tar(layers.Select((layer, i) => Bytes($"{i}", layer)).Append(Bytes("c", big)).Append(Bytes("d", big))), 100_000), new ImportOptions(), CancellationToken.None));
            Assert.Contains("no space left on device", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, store.Leftovers());
        }

        // What fits still goes in.
        await store.LoadAsync(new MemoryStream(Docker([Tar(Bytes("a", big))], null, "fits:1")));
        Assert.Equal(2, store.Images.List().Count);
    }

    [Fact]
    public async Task A_pull_ends_as_soon_as_the_disk_is_full()
    {
        await using var store = new TestStore(Root);
        var repository = new FakeRepository();
        var noise = new byte[48 * Megabyte];
        System.Security.Cryptography.RandomNumberGenerator.Fill(noise);
        repository.Add("1", [Tar(Bytes("noise", noise))]);
        Counted? stream = null;
        repository.Open = (_, _, content) => content.Length > Megabyte ? stream = new Counted(content) : new MemoryStream(content);
        var error = await Assert.ThrowsAsync<TareException>(() => store.Images.PullAsync(repository, repository.Tag("1"), null, new Progress<Pulling.PullEvent>(), CancellationToken.None));
        Assert.Contains("no space left on device", error.Message, StringComparison.Ordinal);
        Assert.Empty(store.Leftovers());
        // What was in the pipes by then, and no more.
        Assert.InRange(stream!.Count, Megabyte, 40 * Megabyte);
    }

    /// <summary>Tells after its end too how far it was read.</summary>
    private sealed class Counted(byte[] content) : ReadOnlyStream
    {
        internal int Count { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, content.Length - Count);
            content.AsSpan(Count, count).CopyTo(buffer);
            Count += count;
            return count;
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: {error}");
    }
}

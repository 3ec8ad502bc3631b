using System.Diagnostics;
using System.Globalization;
using static Tare.Images.Tests.Archive;

namespace Tare.Images.Tests;

/// <summary>What the store says that it takes on the disk, held against du(1).</summary>
public sealed class UsageTests
{
    [Fact]
    public async Task What_is_measured_is_what_du_finds_and_a_leak_is_not_in_it()
    {
        await using var store = new TestStore();
        Assert.Equal(DiskUsage(store), await store.Images.MeasureAsync(CancellationToken.None));
        var files = Enumerable.Range(0, 40).Select(i => File($"d/f{i}", new string('x', i * 300)));
        await store.LoadAsync(new MemoryStream(Docker([Tar([Directory("d"), .. files]), Tar(File("d/f1", "other"), HardLink("d/f2", "d/f1"))], null, "app:1")));
        var measured = await store.Images.MeasureAsync(CancellationToken.None);
        Assert.Equal(DiskUsage(store), measured);
        Assert.True(measured > 40 * 4096);

        await System.IO.File.WriteAllBytesAsync(Path.Combine(store.Root, "content", "sha256", "stray"), new byte[10_000]);
        System.IO.Directory.CreateDirectory(Path.Combine(store.Root, "layers", "stray", "fs"));
        Assert.Equal(measured, await store.Images.MeasureAsync(CancellationToken.None));
        Assert.NotEqual(DiskUsage(store), measured);
    }

    [Fact]
    public async Task What_is_removed_is_not_measured_any_more()
    {
        await using var store = new TestStore();
        var before = await store.Images.MeasureAsync(CancellationToken.None);
        await store.LoadAsync(new MemoryStream(Docker([Tar(File("a", "first"))], null, "app:1")));
        store.Images.Remove("app:1", new RemoveOptions(Force: false, Prune: true), _ => []);
        Assert.Equal(before, await store.Images.MeasureAsync(CancellationToken.None));
    }

    private static long DiskUsage(TestStore store)
    {
        using var du = Process.Start(new ProcessStartInfo("du", ["-scB1", "content", "layers"]) { RedirectStandardOutput = true, WorkingDirectory = store.Root })!;
        var lines = du.StandardOutput.ReadToEnd().TrimEnd().Split('\n');
        du.WaitForExit();
        return long.Parse(lines[^1].Split('\t')[0], CultureInfo.InvariantCulture);
    }
}

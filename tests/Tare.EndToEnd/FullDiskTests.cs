using System.Security.Cryptography;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>The data root is on a small filesystem of its own, which runs full.</summary>
public sealed class FullDiskTests : OwnDaemonTests
{
    [TareFact]
    public async Task An_image_that_does_not_fit_is_refused_and_nothing_of_it_stays()
    {
        await using LoopDisk disk = await LoopDisk.MountAsync(48);
        await WithDaemon(async own =>
        {
            HashSet<string> before = Files(disk.Folder);
            TarMaker large = new();
            for (int i = 0; i < 60; i++)
                large.File($"file{i}", RandomNumberGenerator.GetBytes(1_000_000));
            ImageArchive archive = new() { Layers = { BaseImage.BusyboxLayer, large.End() } };
            Result load = (await own.Tare(archive.Docker("tare-test/large:latest"), "load")).Expect(1);
            Assert.Contains("no space left on device", load.Err, StringComparison.OrdinalIgnoreCase);
            Result import = (await own.Tare(archive.Layers[1], "import", "-", "tare-test/large")).Expect(1);
            Assert.Contains("no space left on device", import.Err, StringComparison.OrdinalIgnoreCase);
            HashSet<string> after = Files(disk.Folder);
            after.ExceptWith(before);
            Assert.Empty(after);
            Assert.Equal("still works", await own.Ok("run", "--rm", "--network", "none", Image, "echo", "still works"));
        }, Path.Combine(disk.Folder, "data"));
    }

    [TareFact]
    public async Task A_container_that_fills_the_disk_gets_the_error_and_leaves_with_its_files()
    {
        await using LoopDisk disk = await LoopDisk.MountAsync(48);
        await WithDaemon(async own =>
        {
            HashSet<string> before = Files(disk.Folder);
            Result run = await own.Tare("run", "--name", "glutton", "--network", "none", Image, "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=100; rm /big; echo and on");
            Assert.Contains("No space left on device", run.Err, StringComparison.Ordinal);
            Assert.Equal("and on\n", run.Ok().Out);
            await own.Ok("rm", "glutton");
            // The name is free at once, and the files go in the background.
            await Eventually.TrueAsync(() => Files(disk.Folder).IsSubsetOf(before), () => $"left: {string.Join(' ', Files(disk.Folder).Except(before))}");
        }, Path.Combine(disk.Folder, "data"));
    }

    private static HashSet<string> Files(string folder) =>
        Directory.EnumerateFileSystemEntries(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(path => !path.Contains("tare.db", StringComparison.Ordinal)).ToHashSet();
}

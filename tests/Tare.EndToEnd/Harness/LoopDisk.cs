namespace Tare.EndToEnd.Harness;

/// <summary>A small ext4 filesystem in a file, mounted by a loop device; it can be full and it can be frozen.</summary>
internal sealed class LoopDisk : IAsyncDisposable
{
    private readonly string file;
    private bool frozen;

    private LoopDisk(string file, string folder)
    {
        this.file = file;
        Folder = folder;
    }

    public string Folder { get; }

    /// <param name="folder">Where to mount it; a new folder in the temporary folder when not given.</param>
    public static async Task<LoopDisk> MountAsync(int megabytes, string? folder = null)
    {
        string file = Path.Combine(Path.GetTempPath(), "tare-e2e-disk-" + Path.GetRandomFileName());
        await using (FileStream stream = File.Create(file))
            stream.SetLength(megabytes * 1024L * 1024);
        folder ??= file + ".d";
        Directory.CreateDirectory(folder);
        (await Running.RunAsync("mkfs.ext4", ["-q", "-F", "-m", "0", file])).Ok();
        (await Running.RunAsync("mount", ["-o", "loop", file, folder])).Ok();
        Directory.Delete(Path.Combine(folder, "lost+found"));
        return new LoopDisk(file, folder);
    }

    public async Task FreezeAsync()
    {
        (await Running.RunAsync("fsfreeze", ["-f", Folder])).Ok();
        frozen = true;
    }

    public async Task ThawAsync()
    {
        (await Running.RunAsync("fsfreeze", ["-u", Folder])).Ok();
        frozen = false;
    }

    public async ValueTask DisposeAsync()
    {
        if (frozen)
            await ThawAsync();
        // Lazily when it is still in use: after a failure, which must not be hidden by one of unmounting.
        if ((await Running.RunAsync("umount", [Folder])).Code != 0)
            (await Running.RunAsync("umount", ["-l", Folder])).Ok();
        File.Delete(file);
        if (Folder.StartsWith(file, StringComparison.Ordinal))
            Directory.Delete(Folder);
    }
}

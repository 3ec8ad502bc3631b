namespace Tare.EndToEnd.Harness;

/// <summary>A small filesystem in a file, mounted by a loop device; it can be full and it can be frozen.</summary>
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

    /// <param name="megabytes">Its size.</param>
    /// <param name="folder">Where to mount it; a new folder in the temporary folder when not given.</param>
    public static Task<LoopDisk> MountAsync(int megabytes, string? folder = null) => MountAsync(megabytes, ["mkfs.ext4", "-q", "-F", "-m", "0"], "loop", folder);

    /// <summary>One that limits what projects take.</summary>
    /// <param name="type"><c>ext4</c> or <c>xfs</c>.</param>
    public static Task<LoopDisk> MountWithProjectsAsync(string type) => type == "xfs"
        ? MountAsync(320, ["mkfs.xfs", "-q"], "loop,prjquota", folder: null)
        : MountAsync(64, ["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "quota,project", "-E", "quotatype=prjquota"], "loop,prjquota", folder: null);

    private static async Task<LoopDisk> MountAsync(int megabytes, string[] make, string options, string? folder)
    {
        string file = Path.Combine(Path.GetTempPath(), "tare-e2e-disk-" + Path.GetRandomFileName());
        await using (FileStream stream = File.Create(file))
            stream.SetLength(megabytes * 1024L * 1024);
        folder ??= file + ".d";
        Directory.CreateDirectory(folder);
        try
        {
            (await Running.RunAsync(make[0], [.. make[1..], file])).Ok();
            (await Running.RunAsync("mount", ["-o", options, file, folder])).Ok();
        }
        catch
        {
            File.Delete(file);
            if (folder.StartsWith(file, StringComparison.Ordinal))
                Directory.Delete(folder);
            throw;
        }
        string found = Path.Combine(folder, "lost+found");
        if (Directory.Exists(found))
            Directory.Delete(found);
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

namespace Tare.EndToEnd.Harness.Oci;

/// <summary>The program of <c>clients/hostile.c</c>, compiled once.</summary>
internal static class HostileProgram
{
    private static readonly Lazy<Task<byte[]>> Compiled = new(CompileAsync);

    /// <summary>Where <see cref="AddAsync"/> puts it in a root filesystem.</summary>
    public const string Place = "/bin/hostile";

    /// <summary>Puts it into a bundle's root filesystem; returns its path on the host.</summary>
    public static async Task<string> AddAsync(OciBundle bundle)
    {
        string path = bundle.Rootfs + Place;
        await File.WriteAllBytesAsync(path, await Compiled.Value);
        File.SetUnixFileMode(path, (UnixFileMode)493);
        return path;
    }

    private static async Task<byte[]> CompileAsync()
    {
        string folder = Directory.CreateTempSubdirectory("tare-e2e-hostile").FullName;
        try
        {
            string program = Path.Combine(folder, "hostile");
            (await Running.RunAsync("gcc", ["-static", "-O1", "-o", program, Path.Combine(AppContext.BaseDirectory, "clients", "hostile.c")])).Ok();
            return await File.ReadAllBytesAsync(program);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

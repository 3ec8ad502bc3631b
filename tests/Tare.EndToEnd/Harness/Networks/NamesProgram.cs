namespace Tare.EndToEnd.Harness.Networks;

/// <summary>The program of <c>clients/names.c</c> (a DNS server and a client), compiled once, or where there is no compiler before.</summary>
internal static class NamesProgram
{
    private static readonly Lazy<Task<byte[]>> Compiled = new(CompileAsync);

    /// <summary>Puts it into a folder.</summary>
    public static async Task AddAsync(string folder)
    {
        string path = Path.Combine(folder, "names");
        await File.WriteAllBytesAsync(path, await Compiled.Value);
        File.SetUnixFileMode(path, (UnixFileMode)493);
    }

    private static async Task<byte[]> CompileAsync()
    {
        if (Setup.NamesProgram is { } compiled)
            return await File.ReadAllBytesAsync(compiled);
        string folder = Directory.CreateTempSubdirectory("tare-e2e-names").FullName;
        try
        {
            string program = Path.Combine(folder, "names");
            (await Running.RunAsync("gcc", ["-static", "-O1", "-o", program, Path.Combine(AppContext.BaseDirectory, "clients", "names.c")])).Ok();
            return await File.ReadAllBytesAsync(program);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

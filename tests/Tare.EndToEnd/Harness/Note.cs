namespace Tare.EndToEnd.Harness;

/// <summary>A figure or a choice that the run's summary shows, beside the tests' results.</summary>
internal static class Note
{
    private static readonly Lock Gate = new();

    public static void Write(string text)
    {
        string folder = Path.Combine(Setup.Repository, "artifacts", "test-results");
        Directory.CreateDirectory(folder);
        lock (Gate)
            File.AppendAllText(Path.Combine(folder, "end-to-end.notes"), $"note: {text}\n");
    }
}

namespace Tare.EndToEnd.Harness.Oci;

/// <summary>Lines in /etc/subuid and /etc/subgid for a user without a name, there for a while.</summary>
internal sealed class SubordinateIds : IAsyncDisposable
{
    private static readonly string[] Tables = ["/etc/subuid", "/etc/subgid"];

    private readonly string line;

    private SubordinateIds(string line) => this.line = line;

    public static async Task<SubordinateIds> AddAsync(int user, int first, int count)
    {
        SubordinateIds ids = new($"{user}:{first}:{count}");
        foreach (string table in Tables)
            await File.AppendAllTextAsync(table, ids.line + "\n");
        return ids;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string table in Tables)
            await File.WriteAllLinesAsync(table, (await File.ReadAllLinesAsync(table)).Where(entry => entry != line));
    }
}

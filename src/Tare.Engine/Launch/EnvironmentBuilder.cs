namespace Tare.Engine.Launch;

/// <summary>The environment of a container's process.</summary>
internal static class EnvironmentBuilder
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>What the engine gives (PATH, HOSTNAME, for a terminal TERM, and what links bring), with the container's own entries over it.</summary>
    public static List<string> ForContainer(string hostname, bool terminal, IEnumerable<string> linked, IReadOnlyList<string>? configured)
    {
        var entries = new List<string> { "PATH=" + DefaultPath, "HOSTNAME=" + hostname };
        if (terminal) entries.Add("TERM=xterm");
        entries.AddRange(linked);
        return Override(entries, configured ?? []);
    }

    /// <summary>Puts entries over others: of the same name they take its place; one without a value takes the name away.</summary>
    public static List<string> Override(List<string> entries, IReadOnlyList<string> overrides)
    {
        foreach (var entry in overrides)
        {
            var equals = entry.IndexOf('=', StringComparison.Ordinal);
            var prefix = (equals < 0 ? entry : entry[..equals]) + "=";
            var index = entries.FindIndex(other => other.StartsWith(prefix, StringComparison.Ordinal));
            if (equals < 0)
            {
                if (index >= 0) entries.RemoveAt(index);
            }
            else if (index >= 0)
            {
                entries[index] = entry;
            }
            else
            {
                entries.Add(entry);
            }
        }
        return entries;
    }
}

namespace Tare.Cli.Formatting;

/// <summary>Ids for people.</summary>
internal static class Ids
{
    private const int ShortLength = 12;

    /// <summary>Twelve digits, without the algorithm.</summary>
    public static string Shorten(string id)
    {
        var colon = id.IndexOf(':', StringComparison.Ordinal);
        if (colon >= 0) id = id[(colon + 1)..];
        return id.Length > ShortLength ? id[..ShortLength] : id;
    }
}

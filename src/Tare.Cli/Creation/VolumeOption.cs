namespace Tare.Cli.Creation;

/// <summary>--volume: <c>[source:]target[:options]</c>.</summary>
internal static class VolumeOption
{
    /// <param name="value">The value of the option.</param>
    /// <param name="hasSource">Whether something is mounted, rather than an anonymous volume made.</param>
    /// <param name="isPath">Whether the source is a directory of the host.</param>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? Check(string value, out bool hasSource, out bool isPath)
    {
        hasSource = false;
        isPath = false;
        if (value.Length == 0) return "invalid empty volume spec";
        if (value.Length <= 2) return null;
        var parts = Split(value);
        if (parts.Any(part => part.Length == 0)) return $"invalid spec: {value}: empty section between colons";
        if (parts.Count > 3) return $"invalid spec: {value}: too many colons";
        hasSource = parts.Count > 1;
        isPath = hasSource && parts[0][0] is '.' or '/' or '~';
        return null;
    }

    /// <summary>At colons, but for the one behind the letter of a Windows drive.</summary>
    private static List<string> Split(string value)
    {
        var parts = new List<string>();
        var start = 0;
        for (var i = 0; i <= value.Length; i++)
        {
            if (i < value.Length && (value[i] != ':' || (i - start == 1 && char.IsLetter(value[start])))) continue;
            parts.Add(value[start..i]);
            start = i + 1;
        }

        return parts;
    }
}

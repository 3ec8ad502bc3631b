namespace Tare.Engine.Create;

/// <summary>The words after the second colon of <c>-v</c>, such as <c>ro,rslave,z</c>.</summary>
/// <param name="ReadOnly"><c>ro</c>.</param>
/// <param name="Propagation">Of a bind; null when none is said.</param>
/// <param name="NoCopy"><c>nocopy</c>: a volume does not get what the image has at its place.</param>
/// <param name="ChangeOwner"><c>U</c>, which is podman's: the source is given to the container's user.</param>
/// <param name="IdMap"><c>idmap=…</c>, podman's too: what follows the sign, which is not looked at; null when it is not there.</param>
internal sealed record MountMode(bool ReadOnly, string? Propagation, bool NoCopy, bool ChangeOwner, string? IdMap)
{
    private const string IdMapWord = "idmap";

    /// <summary>Whether a word says how mounts spread.</summary>
    public static bool IsPropagation(string word) => word is "private" or "rprivate" or "slave" or "rslave" or "shared" or "rshared";

    /// <summary>Reads the words; null when they are no mode. Of each sort one word is allowed.</summary>
    public static MountMode? Parse(string words)
    {
        if (words.Length == 0) return new MountMode(false, null, false, false, null);
        string? access = null, propagation = null, label = null, copy = null, consistency = null, owner = null, ids = null;
        foreach (var word in words.Split(','))
        {
            bool first;
            switch (word)
            {
                case "rw" or "ro":
                    (first, access) = (access is null, word);
                    break;
                case "z" or "Z":
                    (first, label) = (label is null, word);
                    break;
                case "nocopy":
                    (first, copy) = (copy is null, word);
                    break;
                case "consistent" or "cached" or "delegated":
                    (first, consistency) = (consistency is null, word);
                    break;
                case "U":
                    (first, owner) = (owner is null, word);
                    break;
                case IdMapWord:
                    (first, ids) = (ids is null, "");
                    break;
                case var map when map.StartsWith(IdMapWord + "=", StringComparison.Ordinal):
                    (first, ids) = (ids is null, map[(IdMapWord.Length + 1)..]);
                    break;
                default:
                    if (!IsPropagation(word)) return null;
                    (first, propagation) = (propagation is null, word);
                    break;
            }
            if (!first) return null;
        }
        return new MountMode(access == "ro", propagation, copy is not null, owner is not null, ids);
    }
}

namespace Tare.Runtime.Cgroups;

/// <summary>Whether this process is in a user namespace below the first one (user_namespaces(7)).</summary>
public static class UserNamespace
{
    private static bool? isChild;
    private static bool? deniesGroups;

    /// <summary>Whether it is in one: what it may do as its root, it may do only there.</summary>
    public static bool IsChild => isChild ??= ControlFiles.TryRead("/proc/self", "uid_map", out _) is { } map && IsChildMap(map);

    /// <summary>Whether it may not change its groups, because an ordinary user has made the namespace without help.</summary>
    public static bool DeniesGroups => deniesGroups ??= IsChild && ControlFiles.TryRead("/proc/self", "setgroups", out _) is { } text && text.AsSpan().StartsWith("deny"u8);

    /// <summary>The first namespace maps all ids to themselves.</summary>
    internal static bool IsChildMap(ReadOnlySpan<byte> map)
    {
        if (!ControlText.NextLine(ref map, out var line) || map.Length > 0) return true;
        ControlText.NextWord(ref line, out var inside);
        ControlText.NextWord(ref line, out var outside);
        ControlText.NextWord(ref line, out var count);
        return !(inside.SequenceEqual("0"u8) && outside.SequenceEqual("0"u8) && count.SequenceEqual("4294967295"u8));
    }
}

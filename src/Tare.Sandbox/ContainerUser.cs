using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Sandbox;

/// <summary>A user, resolved with a root filesystem's own files.</summary>
/// <param name="Uid">User.</param>
/// <param name="Gid">Group.</param>
/// <param name="Groups">Additional groups.</param>
/// <param name="Home">Home directory; <c>/</c> when the user has no entry.</param>
internal sealed record ContainerUser(uint Uid, uint Gid, IReadOnlyList<uint> Groups, string Home)
{
    private const int LongestFile = 4 << 20;

    /// <summary>
    /// Resolves <c>user</c>, <c>uid</c>, <c>user:group</c> as Docker does: a number needs no entry, a name does; without a group the
    /// entry's group applies and the groups that name the user are added.
    /// </summary>
    /// <param name="root">The root filesystem. It may be hostile: its files are opened within it, and only regular ones are read.</param>
    /// <param name="specification">What the user asked for; empty is user 0.</param>
    /// <param name="additional">Further groups, by name or number.</param>
    /// <exception cref="TareException">A name has no entry.</exception>
    public static ContainerUser Resolve(Fd root, string specification, IReadOnlyList<string> additional)
    {
        var colon = specification.IndexOf(':', StringComparison.Ordinal);
        var userPart = colon < 0 ? specification : specification[..colon];
        var groupPart = colon < 0 ? "" : specification[(colon + 1)..];
        var entry = FindUser(root, userPart);
        var uid = entry?.Id ?? (userPart.Length == 0 ? 0 : ParseId(userPart) ?? throw TareException.Invalid($"unable to find user {userPart}: no matching entries in passwd file"));
        var gid = entry?.Group ?? 0;
        var groups = new List<uint>();

        List<(string Name, uint Id, string[] Members)>? groupFile = null;
        if (groupPart.Length > 0)
        {
            groupFile = ReadGroups(root);
            gid = FindGroup(groupFile, groupPart) ?? throw TareException.Invalid($"unable to find group {groupPart}: no matching entries in group file");
        }
        else if (entry is { } known)
        {
            groupFile = ReadGroups(root);
            groups.AddRange(groupFile.Where(g => g.Members.Contains(known.Name)).Select(g => g.Id));
        }
        foreach (var name in additional)
        {
            groupFile ??= ReadGroups(root);
            groups.Add(FindGroup(groupFile, name) ?? throw TareException.Invalid($"unable to find group {name}: no matching entries in group file"));
        }

        // The group itself is among the additional ones: without it, a process could drop it and escape a mode that denies the group.
        return new ContainerUser(uid, gid, [.. groups.Prepend(gid).Distinct()], entry?.Home is { Length: > 0 } home ? home : "/");
    }

    private static (string Name, uint Id, uint Group, string Home)? FindUser(Fd root, string user)
    {
        var wanted = user.Length == 0 ? "0" : user;
        var number = ParseId(wanted);
        foreach (var line in ReadLines(root, "etc/passwd"))
        {
            var fields = line.Split(':');
            if (fields.Length < 7 || ParseId(fields[2]) is not { } uid || ParseId(fields[3]) is not { } gid) continue;
            if (fields[0] == wanted || number == uid) return (fields[0], uid, gid, fields[5]);
        }
        return null;
    }

    private static uint? FindGroup(List<(string Name, uint Id, string[] Members)> groups, string name)
    {
        foreach (var group in groups)
        {
            if (group.Name == name) return group.Id;
        }
        return ParseId(name);
    }

    private static List<(string Name, uint Id, string[] Members)> ReadGroups(Fd root)
    {
        var groups = new List<(string, uint, string[])>();
        foreach (var line in ReadLines(root, "etc/group"))
        {
            var fields = line.Split(':');
            if (fields.Length >= 4 && ParseId(fields[2]) is { } gid) groups.Add((fields[0], gid, fields[3].Split(',', StringSplitOptions.RemoveEmptyEntries)));
        }
        return groups;
    }

    private static uint? ParseId(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? (uint)id : null;

    private static string[] ReadLines(Fd root, string path)
    {
        using var file = Paths.TryOpen(root.Number, path, OpenFlags.ReadOnly | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal, Linux.Resolve.InRoot | Linux.Resolve.NoMagicLinks, out _);
        if (file is null) return [];
        var content = new byte[4096];
        var length = 0;
        while (true)
        {
            if (length == content.Length) Array.Resize(ref content, content.Length * 2);
            var count = Descriptors.TryRead(file, content.AsSpan(length), out var error);
            if (count < 0 && error == Errno.EISDIR) return [];
            if (count <= 0) break;
            length += count;
            if (length > LongestFile) throw TareException.Invalid($"/{path} of the image is larger than {LongestFile >> 20} MB");
        }
        return Encoding.UTF8.GetString(content, 0, length).Split('\n');
    }
}

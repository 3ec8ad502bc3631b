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
    /// entry's group applies and the groups that name the user are added. What looks like a number is never a name. The home is that
    /// of the first entry with the user's number, whichever entry the user was found by.
    /// </summary>
    /// <param name="root">The root filesystem. It may be hostile: its files are opened within it, and only regular ones are read.</param>
    /// <param name="specification">What the user asked for; empty is user 0.</param>
    /// <param name="additional">Further groups, by name or number.</param>
    /// <exception cref="TareException">A name has no entry, or a number is out of range.</exception>
    public static ContainerUser Resolve(Fd root, string specification, IReadOnlyList<string> additional)
    {
        var parts = specification.Split(':');
        var (userPart, groupPart) = (parts[0], parts.Length > 1 ? parts[1] : "");
        var users = ReadUsers(root);
        var number = userPart.Length == 0 ? 0 : Number(userPart);
        var entry = users.Find(user => number is { } id ? user.Id == id : user.Name == userPart);
        var uid = InRange(entry?.Id ?? number ?? throw TareException.Invalid($"unable to find user {userPart}: no matching entries in passwd file"));
        var gid = entry?.Group ?? 0;
        var groups = new List<long>();

        var groupFile = groupPart.Length > 0 || entry is not null || additional.Count > 0 ? ReadGroups(root) : [];
        if (groupPart.Length > 0)
        {
            var wanted = Number(groupPart);
            gid = groupFile.Find(group => wanted is { } id ? group.Id == id : group.Name == groupPart)?.Id ?? wanted ?? throw NoGroup(groupPart);
        }
        else if (entry is { Name.Length: > 0 } known)
        {
            groups.AddRange(groupFile.Where(group => group.Members.Contains(known.Name)).Select(group => group.Id));
        }
        foreach (var name in additional)
        {
            groups.Add(groupFile.Find(group => group.Name == name || group.Id.ToString(CultureInfo.InvariantCulture) == name)?.Id
                ?? Number(name) ?? throw NoGroup(name));
        }

        // The group itself is among the additional ones: without it, a process could drop it and escape a mode that denies the group.
        var home = users.Find(user => user.Id == uid)?.Home;
        return new ContainerUser(uid, InRange(gid), [.. groups.Select(InRange).Prepend(InRange(gid)).Distinct()], home is { Length: > 0 } ? home : "/");
    }

    private static List<PasswdEntry> ReadUsers(Fd root) =>
        [.. ReadRecords(root, "etc/passwd").Select(fields => new PasswdEntry(fields[0], NumberAt(fields, 2), NumberAt(fields, 3), TextAt(fields, 5)))];

    private static List<GroupEntry> ReadGroups(Fd root) =>
        [.. ReadRecords(root, "etc/group").Select(fields => new GroupEntry(fields[0], NumberAt(fields, 2), TextAt(fields, 3).Split(',', StringSplitOptions.RemoveEmptyEntries)))];

    /// <summary>The lines of a file, cut into fields. Blanks around a line and empty lines do not count.</summary>
    private static IEnumerable<string[]> ReadRecords(Fd root, string path) =>
        Read(root, path).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(':'));

    // As Docker reads these files, some of which lack fields or have nonsense in them: a text that is not there is empty, a number is 0.
    private static string TextAt(string[] fields, int index) => index < fields.Length ? fields[index] : "";

    private static long NumberAt(string[] fields, int index) => Number(TextAt(fields, index)) ?? 0;

    /// <summary>A decimal number with or without a sign; one too large to be told is as good as the largest.</summary>
    private static long? Number(string text)
    {
        var digits = text.AsSpan(text.StartsWith('+') || text.StartsWith('-') ? 1 : 0);
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9')) return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : long.MaxValue;
    }

    private static uint InRange(long id) => id is >= 0 and <= int.MaxValue ? (uint)id : throw TareException.Invalid($"uids and gids must be in range 0-{int.MaxValue}");

    private static TareException NoGroup(string name) => TareException.Invalid($"unable to find group {name}: no matching entries in group file");

    private static string Read(Fd root, string path)
    {
        using var file = Paths.TryOpenRegularInRoot(root, path);
        if (file is null) return "";
        var content = new byte[4096];
        var length = 0;
        while (true)
        {
            if (length == content.Length) Array.Resize(ref content, content.Length * 2);
            var count = Descriptors.TryRead(file, content.AsSpan(length), out _);
            if (count <= 0) break;
            length += count;
            if (length > LongestFile) throw TareException.Invalid($"/{path} of the image is larger than {LongestFile >> 20} MB");
        }
        return Encoding.UTF8.GetString(content, 0, length);
    }

    private sealed record PasswdEntry(string Name, long Id, long Group, string Home);

    private sealed record GroupEntry(string Name, long Id, IReadOnlyList<string> Members);
}

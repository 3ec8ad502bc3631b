using System.Globalization;
using System.Text;
using Tare.Linux;

namespace Tare.Runtime.Containers;

/// <summary>
/// The value of <c>HOME</c> where a specification has none: programs rely on it, and every runtime adds it. It comes from the
/// container's own <c>/etc/passwd</c>.
/// </summary>
internal static class HomeDirectory
{
    private const string Name = "HOME=";
    private const string None = "/";
    private const int LongestTable = 16 << 20;

    /// <summary>The environment with a HOME in it.</summary>
    /// <param name="environment">The environment.</param>
    /// <param name="user">Whose home it is.</param>
    /// <param name="openTable">Opens the container's table of users; null when there is none.</param>
    public static IReadOnlyList<string> AddTo(IReadOnlyList<string> environment, uint user, Func<Fd?> openTable)
    {
        for (var i = environment.Count - 1; i >= 0; i--)
        {
            if (environment[i].StartsWith(Name, StringComparison.Ordinal) && environment[i].Length > Name.Length) return environment;
        }
        using var table = openTable();
        var home = table is null ? null : Find(table, user);
        return [.. environment.Where(static variable => variable != Name), Name + (home ?? None)];
    }

    /// <summary>The table of users in a root.</summary>
    public static Fd? OpenTable(Fd root) => Paths.TryOpen(root.Number, "etc/passwd", OpenFlags.ReadOnly | OpenFlags.NonBlocking, Resolve.InRoot | Resolve.NoMagicLinks, out _);

    private static string? Find(Fd table, uint user)
    {
        if (FileStatuses.Of(table) is not { IsRegular: true, Size: <= LongestTable }) return null;
        var id = user.ToString(CultureInfo.InvariantCulture);
        foreach (var line in Encoding.UTF8.GetString(FileContent.ReadToEnd(table, LongestTable)).Split('\n'))
        {
            var fields = line.Split(':');
            if (fields.Length > 5 && fields[2] == id) return fields[5].Length > 0 && !fields[5].Contains('\0', StringComparison.Ordinal) ? fields[5] : null;
        }
        return null;
    }
}

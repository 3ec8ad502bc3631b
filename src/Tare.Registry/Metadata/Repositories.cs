using Tare.Store;

namespace Tare.Registry.Metadata;

/// <summary>The rows of repositories.</summary>
internal static class Repositories
{
    internal static long? Find(ReadSession session, string name) =>
        session.QueryFirst("SELECT id FROM registry_repository WHERE name = ?", row => (long?)row.GetInt64(0), name);

    /// <summary>Finds a repository or makes it: pushing to a name is all it takes.</summary>
    internal static long Require(WriteSession session, string name)
    {
        if (Find(session, name) is { } known) return known;
        session.Execute("INSERT INTO registry_repository (name) VALUES (?)", name);
        return session.LastInsertId;
    }

    /// <summary>Names of repositories that have something to pull, behind <paramref name="last"/> in the order of their bytes.</summary>
    internal static IReadOnlyList<string> List(ReadSession session, string last, int count) => session.Query(
        """
        SELECT name FROM registry_repository AS r
        WHERE name > ? AND EXISTS (SELECT 1 FROM registry_manifest WHERE repository = r.id)
        ORDER BY name LIMIT ?
        """,
        row => row.GetString(0),
        last,
        count);
}

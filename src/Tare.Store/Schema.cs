using System.Globalization;

namespace Tare.Store;

/// <summary>
/// Brings tables up to date. The file's application id says whose file it is, its user version which form the table of versions
/// has; each owner's own version is a row of that table, because a file has only one number and several owners.
/// </summary>
internal static class Schema
{
    /// <summary>"tare" in ASCII; file(1) shows it.</summary>
    private const long ApplicationId = 0x74617265;

    private const long FormOfVersions = 1;

    internal static void Upgrade(WriteSession session, Connection connection, string path, IReadOnlyList<SchemaOwner> owners)
    {
        var application = session.QueryFirst("PRAGMA application_id", row => row.GetInt64(0));
        var form = session.QueryFirst("PRAGMA user_version", row => row.GetInt64(0));
        var isNew = application == 0 && form == 0 && session.QueryFirst("SELECT count(*) FROM sqlite_schema", row => row.GetInt64(0)) == 0;
        if (isNew)
        {
            connection.ExecuteScript(string.Create(CultureInfo.InvariantCulture, $"""
                CREATE TABLE schema_versions (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                PRAGMA application_id = {ApplicationId};
                PRAGMA user_version = {FormOfVersions};
                """));
        }
        else if (application != ApplicationId)
        {
            throw new StoreException(0, $"\"{path}\" is a database of another program; choose another data root");
        }
        else if (form > FormOfVersions)
        {
            throw Newer(path);
        }

        foreach (var owner in owners) Upgrade(session, connection, path, owner);
    }

    private static void Upgrade(WriteSession session, Connection connection, string path, SchemaOwner owner)
    {
        var version = session.QueryFirst("SELECT version FROM schema_versions WHERE owner = ?", row => row.GetInt64(0), owner.Name);
        if (version > owner.Migrations.Count) throw Newer(path);
        for (var next = (int)version; next < owner.Migrations.Count; next++) connection.ExecuteScript(owner.Migrations[next]);
        session.Execute(
            "INSERT INTO schema_versions VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET version = excluded.version",
            owner.Name,
            owner.Migrations.Count);
    }

    private static StoreException Newer(string path) =>
        new(0, $"\"{path}\" was written by a newer version of tare; run that version, or choose another data root");
}

using Tare.Store;

namespace Tare.Volumes;

/// <summary>Volumes in the database.</summary>
internal sealed class VolumeTable(Database database)
{
    /// <summary>
    /// A row is there before its directory, and goes after the directory has lost its name. <c>container</c> is whom the volume lives and
    /// dies with: the container that it was made for and that is not written down yet, or that is being removed together with it.
    /// <c>project</c> and <c>bytes</c> are its quota's.
    /// </summary>
    internal static SchemaOwner Owner { get; } = new("volumes", [
        """
        CREATE TABLE volume (
            name TEXT PRIMARY KEY,
            created INTEGER NOT NULL,
            has_labels INTEGER NOT NULL,
            container TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE volume_label (
            volume TEXT NOT NULL REFERENCES volume (name) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (volume, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE volume_option (
            volume TEXT NOT NULL REFERENCES volume (name) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (volume, name)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        ALTER TABLE volume ADD COLUMN project INTEGER;
        ALTER TABLE volume ADD COLUMN bytes INTEGER;
        """,
    ]);

    /// <summary>All volumes.</summary>
    internal IReadOnlyList<Volume> Load(Func<string, string> path) => database.Read(session =>
    {
        var labels = Pairs(session, "SELECT volume, name, value FROM volume_label");
        var options = Pairs(session, "SELECT volume, name, value FROM volume_option");
        return session.Query("SELECT name, created, has_labels, project, bytes FROM volume", row =>
        {
            var name = row.GetString(0);
            return new Volume
            {
                Name = name,
                Created = new DateTimeOffset(row.GetInt64(1), TimeSpan.Zero),
                Labels = row.GetBoolean(2) ? labels.GetValueOrDefault(name) ?? [] : null,
                Options = options.GetValueOrDefault(name),
                Quota = row.IsNull(3) ? null : new VolumeQuota((uint)row.GetInt64(3), row.GetInt64(4)),
                Path = path(name),
            };
        });
    });

    /// <summary>Writes a volume down. One that somebody has named survives a power cut from then on.</summary>
    internal void Insert(Volume volume, string? container) => database.Write(
        session =>
        {
            session.Execute(
                "INSERT INTO volume (name, created, has_labels, container, project, bytes) VALUES (?, ?, ?, ?, ?, ?)",
                volume.Name, volume.Created.UtcTicks, volume.Labels is null ? 0 : 1, container, (long?)volume.Quota?.Project, volume.Quota?.Bytes);
            foreach (var (name, value) in volume.Labels ?? new Dictionary<string, string>())
                session.Execute("INSERT INTO volume_label (volume, name, value) VALUES (?, ?, ?)", volume.Name, name, value);
            foreach (var (name, value) in volume.Options ?? new Dictionary<string, string>())
                session.Execute("INSERT INTO volume_option (volume, name, value) VALUES (?, ?, ?)", volume.Name, name, value);
        },
        volume.IsAnonymous ? Durability.Normal : Durability.Full);

    /// <summary>Volumes live and die with a container from now on.</summary>
    internal void Bind(IReadOnlyCollection<string> names, string container) => database.Write(session =>
    {
        foreach (var name in names) session.Execute("UPDATE volume SET container = ? WHERE name = ?", container, name);
    });

    /// <summary>The volumes that live and die with containers, and these.</summary>
    internal IReadOnlyList<(string Volume, string Container)> Bound() => database.Read(session =>
        session.Query("SELECT name, container FROM volume WHERE container IS NOT NULL", row => (row.GetString(0), row.GetString(1))));

    /// <summary>The volumes that live and die with a container.</summary>
    internal IReadOnlyList<string> BoundTo(string container) => database.Read(session =>
        session.Query("SELECT name FROM volume WHERE container = ?", row => row.GetString(0), container));

    /// <summary>What was bound to a container lives by itself from now on.</summary>
    internal void Unbind(string container) => database.Write(session => session.Execute("UPDATE volume SET container = NULL WHERE container = ?", container));

    internal void Delete(string name) => database.Write(session => session.Execute("DELETE FROM volume WHERE name = ?", name));

    private static Dictionary<string, Dictionary<string, string>> Pairs(ReadSession session, string sql)
    {
        var result = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach (var (volume, name, value) in session.Query(sql, row => (row.GetString(0), row.GetString(1), row.GetString(2))))
        {
            if (!result.TryGetValue(volume, out var pairs)) result[volume] = pairs = new Dictionary<string, string>(StringComparer.Ordinal);
            pairs[name] = value;
        }
        return result;
    }
}

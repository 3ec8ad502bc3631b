using Tare.Registry.Configuration;
using Tare.Registry.Manifests;
using Tare.Registry.Metadata;
using Tare.Store;

namespace Tare.Registry.Collection;

/// <summary>Removes tags that the configuration lets go, and manifests that have lost their last tag by it.</summary>
internal sealed class Retention(Database database, ConfigFile config, PullTimes pulls, TimeProvider time)
{
    /// <summary>Finds what goes, and removes it.</summary>
    /// <param name="dryRun">Whether it is only found.</param>
    /// <returns>The tags, <c>repository:tag</c>.</returns>
    internal IReadOnlyList<string> Run(bool dryRun)
    {
        var rules = config.Current.Retention;
        if (rules.Count == 0) return [];
        pulls.Flush();
        var removed = new List<string>();
        foreach (var (id, name) in database.Read(session => session.Query("SELECT id, name FROM registry_repository ORDER BY name", row => (row.GetInt64(0), row.GetString(1)))))
        {
            foreach (var rule in rules)
            {
                if (!Pattern.Fits(rule.Repository, name)) continue;
                var tags = dryRun
                    ? database.Read(session => Outdated(session, id, rule))
                    : database.Write(session => Remove(session, id, Outdated(session, id, rule)), Durability.Full);
                foreach (var tag in tags)
                {
                    if (!removed.Contains($"{name}:{tag.Name}")) removed.Add($"{name}:{tag.Name}");
                }
            }
        }

        return removed;
    }

    private IReadOnlyList<TagRow> Outdated(ReadSession session, long repository, RetentionConfig rule)
    {
        var now = time.Milliseconds();
        var tags = session.Query(
            """
            SELECT t.name, t.manifest, t.updated, coalesce(m.pulled, 0) FROM registry_tag AS t JOIN registry_manifest AS m ON m.id = t.manifest
            WHERE t.repository = ? ORDER BY t.updated DESC, t.name DESC
            """,
            row => new TagRow(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)),
            repository);
        return [.. tags.Where(tag => Pattern.Fits(rule.Tags, tag.Name)).Skip(rule.KeepLast).Where(tag => IsOld(rule.OlderThan, tag.Updated) && IsOld(rule.NotPulledFor, Math.Max(tag.Pulled, tag.Updated)))];

        bool IsOld(string? limit, long since) => limit is null || now - since >= (long)Quantities.Span(limit, "the span").TotalMilliseconds;
    }

    private IReadOnlyList<TagRow> Remove(WriteSession session, long repository, IReadOnlyList<TagRow> tags)
    {
        var now = time.Milliseconds();
        foreach (var tag in tags) ManifestCatalog.RemoveTag(session, repository, tag.Name, now);
        foreach (var manifest in tags.Select(tag => tag.Manifest).Distinct()) RemoveUnreferenced(session, manifest, now);
        return tags;
    }

    /// <summary>Removes a manifest that nothing leads to any more, the manifests of an index with it, and what is said about each.</summary>
    private static void RemoveUnreferenced(WriteSession session, long manifest, long now)
    {
        var kept = session.QueryFirst(
            """
            SELECT EXISTS (SELECT 1 FROM registry_tag WHERE manifest = m.id)
                OR EXISTS (SELECT 1 FROM registry_reference WHERE repository = m.repository AND digest = m.digest)
            FROM registry_manifest AS m WHERE m.id = ?
            """,
            row => (bool?)row.GetBoolean(0),
            manifest);
        if (kept is not false) return;
        var below = session.Query(
            """
            SELECT child.id FROM registry_reference AS r JOIN registry_manifest AS child ON child.repository = r.repository AND child.digest = r.digest WHERE r.manifest = ?1
            UNION
            SELECT about.id FROM registry_manifest AS gone JOIN registry_manifest AS about ON about.repository = gone.repository AND about.subject = gone.digest WHERE gone.id = ?1
            """,
            row => row.GetInt64(0),
            manifest);
        ManifestCatalog.Remove(session, manifest, now);
        foreach (var next in below) RemoveUnreferenced(session, next, now);
    }

    private readonly record struct TagRow(string Name, long Manifest, long Updated, long Pulled);
}

using Tare.Oci;
using Tare.Registry.Configuration;
using Tare.Registry.Http;
using Tare.Store;

namespace Tare.Registry.Quotas;

/// <summary>
/// What repositories may hold together. A blob counts once for each quota, however many of its repositories have it. The refusal is
/// 403 with DENIED, and not 507: clients show the words of the former alone.
/// </summary>
internal sealed class QuotaCheck(Database database, ConfigFile config)
{
    /// <summary>How many bytes more may come into a repository: the least that a quota leaves.</summary>
    internal long AllowanceOf(string repository)
    {
        var least = long.MaxValue;
        foreach (var quota in config.Current.Quotas)
        {
            if (Pattern.Fits(quota.Repository, repository)) least = Math.Min(least, Quantities.Size(quota.Size, "the quota") - Used(quota.Repository));
        }

        return least;
    }

    /// <exception cref="RefusalException">So much more is too much.</exception>
    internal void Check(string repository, long more)
    {
        var allowance = AllowanceOf(repository);
        if (allowance < more || allowance <= 0) throw Exceeded(repository);
    }

    /// <exception cref="RefusalException">A blob of another repository is too much for this one.</exception>
    internal void CheckMount(string repository, Digest digest, long size)
    {
        foreach (var quota in config.Current.Quotas)
        {
            if (!Pattern.Fits(quota.Repository, repository) || Holds(quota.Repository, digest)) continue;
            if (Quantities.Size(quota.Size, "the quota") - Used(quota.Repository) < size) throw Exceeded(repository);
        }
    }

    internal static RefusalException Exceeded(string repository) =>
        RefusalException.Denied($"the quota of {repository} is used up: delete tags that are not needed, or have the quota raised");

    private long Used(string pattern) => database.Read(session =>
    {
        long sum = 0;
        var counted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (id, name) in session.Query("SELECT id, name FROM registry_repository", row => (row.GetInt64(0), row.GetString(1))))
        {
            if (!Pattern.Fits(pattern, name)) continue;
            var blobs = session.Query(
                "SELECT l.digest, b.size FROM registry_link AS l JOIN registry_blob AS b ON b.digest = l.digest WHERE l.repository = ?",
                row => (row.GetString(0), row.GetInt64(1)),
                id);
            foreach (var (digest, size) in blobs)
            {
                if (counted.Add(digest)) sum += size;
            }

            sum += session.QueryFirst("SELECT total(size) FROM registry_manifest WHERE repository = ?", row => row.GetInt64(0), id);
        }

        return sum;
    });

    private bool Holds(string pattern, Digest digest) =>
        database.Read(session => session.Query(
            "SELECT r.name FROM registry_link AS l JOIN registry_repository AS r ON r.id = l.repository WHERE l.digest = ?",
            row => row.GetString(0),
            digest.ToString())).Any(name => Pattern.Fits(pattern, name));
}

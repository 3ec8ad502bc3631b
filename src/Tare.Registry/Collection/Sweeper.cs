using Tare.Registry.Blobs;
using Tare.Registry.Uploads;
using Tare.Store;

namespace Tare.Registry.Collection;

/// <summary>Puts the root in order at the start: what a killed server left without a row goes, and rows without a file.</summary>
internal static class Sweeper
{
    /// <returns>A sentence for each thing that the operator should know.</returns>
    internal static IReadOnlyList<string> Run(Database database, BlobFiles files, UploadStore uploads)
    {
        uploads.Sweep();
        var notices = new List<string>();
        var rows = database.Read(session => session.Query("SELECT digest, size FROM registry_blob", row => (row.GetString(0), row.GetInt64(1))))
            .ToDictionary(row => row.Item1, row => row.Item2, StringComparer.Ordinal);
        var missing = new HashSet<string>(rows.Keys, StringComparer.Ordinal);
        foreach (var (digest, path) in files.List())
        {
            if (!digest.IsEmpty && rows.TryGetValue(digest.ToString(), out var size) && new FileInfo(path).Length == size) missing.Remove(digest.ToString());
            else File.Delete(path);
        }

        if (missing.Count == 0) return notices;
        database.Write(
            session =>
            {
                foreach (var digest in missing)
                {
                    session.Execute("DELETE FROM registry_link WHERE digest = ?", digest);
                    session.Execute("DELETE FROM registry_blob WHERE digest = ?", digest);
                }
            },
            Durability.Full);
        foreach (var digest in missing) notices.Add($"the blob {digest} is missing from the disk or damaged, and was dropped: push the images again that have it");
        return notices;
    }
}

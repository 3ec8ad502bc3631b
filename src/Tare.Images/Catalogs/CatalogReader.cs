using Tare.Oci;
using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>Rows of the catalog that its snapshot does not have, inside a transaction of the caller's.</summary>
internal static class CatalogReader
{
    /// <summary>The manifests that an image came with, or was pushed with.</summary>
    internal static IReadOnlyList<(Digest Digest, string MediaType)> ManifestsOf(ReadSession session, Digest image) => session.Query(
        "SELECT digest, media_type FROM image_manifest WHERE image = ?", row => (Digest.Parse(row.GetString(0)), row.GetString(1)), image.ToString());
}

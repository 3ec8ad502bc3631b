using System.Text;
using Tare.Images.Layers;
using Tare.Linux;
using Tare.Oci;
using Tare.Store;

namespace Tare.Images.Usage;

/// <summary>
/// Measures what images take on the disk: the folder of each layer (its files, its recipe and its attic) and each document, as the rows
/// tell. What no row tells of is not counted, so that a difference to du(1) of <c>content</c> and <c>layers</c> is a leak.
/// </summary>
internal sealed class StoreUsage(string dataRoot, Database database)
{
    /// <summary>Measures.</summary>
    /// <returns>Bytes.</returns>
    internal long Measure(CancellationToken cancellationToken)
    {
        var (layers, documents) = database.Read(session => (
            session.Query("SELECT id FROM image_layer", row => LayerName.Of(row.GetInt64(0))),
            session.Query("SELECT id FROM image UNION SELECT digest FROM image_manifest UNION SELECT digest FROM image_index", row => Digest.Parse(row.GetString(0)))));
        using var root = Paths.Open(dataRoot, Paths.Directory);
        using var content = Open(root, "content"u8);
        using var blobs = Open(content, "sha256"u8);
        using var folders = Open(root, "layers"u8);
        var blocks = new TreeBlocks();
        blocks.Add(root, "content"u8);
        blocks.Add(content, "sha256"u8);
        blocks.Add(content, "ingest"u8);
        blocks.Add(root, "layers"u8);
        foreach (var document in documents) blocks.Add(blobs, Encoding.ASCII.GetBytes(document.Hex));
        foreach (var layer in layers) blocks.AddTree(folders, Encoding.ASCII.GetBytes(layer), cancellationToken);
        return blocks.Bytes;
    }

    private static Fd Open(Fd parent, ReadOnlySpan<byte> name) =>
        BytePaths.TryOpenDirectory(parent, name, out var error) ?? throw new LinuxException("open a directory of the data root", error);
}

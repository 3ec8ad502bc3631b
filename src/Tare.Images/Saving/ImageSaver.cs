using System.Text;
using Tare.Images.Catalogs;
using Tare.Images.Content;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Oci.Archives;
using Tare.Oci.Images;

namespace Tare.Images.Saving;

/// <summary>Writes images to an archive: an OCI layout that has Docker's <c>manifest.json</c> and <c>repositories</c> too.</summary>
/// <remarks>
/// <code>
/// blobs/sha256/&lt;digest&gt;   configurations, manifests and layers, each once, sorted
/// index.json · manifest.json · oci-layout · repositories
/// </code>
/// All times are 0, and nothing but the images and the names that were asked for is in it. Layers are uncompressed, as in their DiffIDs.
/// </remarks>
internal sealed class ImageSaver(Catalog catalog, ContentStore content, LayerStore layers)
{
    private const string Blobs = "blobs/sha256/";
    private const int FileMode = 0x1A4;
    private const int DirectoryMode = 0x1ED;

    /// <summary>Writes an archive.</summary>
    internal IReadOnlyList<Image> Save(IReadOnlyList<string> names, OciPlatform? platform, Stream target, CancellationToken cancellationToken)
    {
        var held = new List<long>();
        try
        {
            var archives = new SortedDictionary<Digest, LayerArchive>();
            var images = Plan(names, platform, archives, held);
            Write(images, archives, target, cancellationToken);
            return [.. images.Select(image => image.Image)];
        }
        finally
        {
            layers.Release(held);
        }
    }

    /// <summary>Finds all that goes into the archive, and holds the layers until the archive is written.</summary>
    private List<SavedImage> Plan(IReadOnlyList<string> names, OciPlatform? platform, SortedDictionary<Digest, LayerArchive> archives, List<long> held)
    {
        var snapshot = catalog.Current;
        var found = SaveRequest.Find(snapshot, names, platform);
        var images = new List<SavedImage>(found.Count);
        foreach (var (id, tags) in found)
        {
            var image = snapshot.Images[id];
            foreach (var diffId in image.DiffIds)
            {
                if (archives.ContainsKey(diffId)) continue;
                held.Add(layers.TryHold(diffId) ?? throw CatalogSnapshot.NotFound(id.ToString()));
                archives.Add(diffId, layers.OpenArchive(diffId));
            }

            images.Add(new SavedImage(
                image, content.Read(id), [.. image.DiffIds.Select(diffId => (diffId, archives[diffId].Length))], [.. tags], found.ContainsKey(image.Parent) ? image.Parent : default)
            {
                // In the order of the index that the name came with.
                Variants = [.. tags.Select(tag => (tag, (IReadOnlyList<Digest>)[.. snapshot.ImagesOf(snapshot.TargetOf(tag)).Where(found.ContainsKey)])).Where(entry => entry.Item2.Count > 1)],
            });
        }

        return images;
    }

    private static void Write(List<SavedImage> images, SortedDictionary<Digest, LayerArchive> archives, Stream target, CancellationToken cancellationToken)
    {
        var documents = new SortedDictionary<Digest, byte[]>();
        var manifests = new Dictionary<Digest, byte[]>();
        foreach (var image in images)
        {
            var manifest = SavedDocuments.Manifest(image);
            manifests.Add(image.Image.Id, manifest);
            documents[image.Image.Id] = image.Configuration;
            documents[Digest.Of(manifest)] = manifest;
        }

        var indexes = SavedDocuments.Indexes(images, manifests);
        foreach (var index in indexes.Values) documents[Digest.Of(index)] = index;
        var tar = new TarWriter(target);
        tar.Write(Entry(TarEntryType.Directory, "blobs/", DirectoryMode, 0));
        tar.Write(Entry(TarEntryType.Directory, Blobs, DirectoryMode, 0));
        foreach (var digest in documents.Keys.Union(archives.Keys).Order())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (documents.TryGetValue(digest, out var document)) WriteFile(tar, Blobs + digest.Hex, document);
            else WriteLayer(tar, archives[digest], target, cancellationToken);
        }

        WriteFile(tar, "index.json", SavedDocuments.Index(images, manifests, indexes));
        WriteFile(tar, "manifest.json", SavedDocuments.DockerManifest(images));
        WriteFile(tar, "oci-layout", SavedDocuments.Layout);
        if (SavedDocuments.Repositories(images) is { } repositories) WriteFile(tar, "repositories", repositories);
        tar.Finish();
    }

    private static void WriteLayer(TarWriter tar, LayerArchive archive, Stream target, CancellationToken cancellationToken)
    {
        var entry = Entry(TarEntryType.RegularFile, Blobs + archive.DiffId.Hex, FileMode, archive.Length);
        tar.BeginContent(entry);
        archive.CopyTo(target, cancellationToken);
        tar.EndContent(entry);
    }

    private static void WriteFile(TarWriter tar, string name, byte[] document) => tar.Write(Entry(TarEntryType.RegularFile, name, FileMode, document.Length), document);

    private static TarEntry Entry(TarEntryType type, string name, int mode, long size) =>
        new() { Type = type, Name = Encoding.ASCII.GetBytes(name), Mode = mode, Size = size };
}

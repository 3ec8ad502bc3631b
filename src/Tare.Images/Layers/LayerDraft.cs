using System.Text;
using Tare.Linux;
using Tare.Oci;

namespace Tare.Images.Layers;

/// <summary>A layer's directory that is being filled. Disposed without having been published, it is removed.</summary>
internal sealed class LayerDraft : IDisposable
{
    private readonly LayerStore _store;

    internal LayerDraft(LayerStore store, long id, Fd folder, Fd root)
    {
        _store = store;
        Id = id;
        Folder = folder;
        Root = root;
    }

    /// <summary>The row.</summary>
    internal long Id { get; }

    /// <summary>The layer's own folder: the directory, and what belongs to it.</summary>
    internal Fd Folder { get; }

    /// <summary>The directory.</summary>
    internal Fd Root { get; }

    /// <summary>The digest of the uncompressed archive, once it is known.</summary>
    internal Digest DiffId { get; set; }

    /// <summary>Bytes, as <see cref="LayerExtractor.Size"/>.</summary>
    internal long Size { get; set; }

    /// <summary>Bytes of the uncompressed archive.</summary>
    internal long ArchiveLength { get; set; }

    /// <summary>Whether the archive had its end marker. Without one it may have been cut off between two entries.</summary>
    internal bool HasEndMarker { get; set; }

    /// <summary>Whether the layer is in the catalog, so that the directory stays.</summary>
    internal bool Published { get; set; }

    /// <summary>The directory's name, as bytes.</summary>
    internal byte[] Name => Encoding.ASCII.GetBytes(LayerName.Of(Id));

    public void Dispose()
    {
        if (Root.IsClosed) return;
        Root.Dispose();
        Folder.Dispose();
        if (!Published) _store.Discard(Id);
    }
}

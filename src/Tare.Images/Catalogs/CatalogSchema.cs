using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>The tables of images and layers.</summary>
internal static class CatalogSchema
{
    /// <summary>A directory is being filled; it has no digest yet.</summary>
    internal const long Draft = 0;

    /// <summary>A directory holds its layer.</summary>
    internal const long Ready = 1;

    /// <summary>A directory is being removed.</summary>
    internal const long Doomed = 2;

    /// <summary>
    /// A row of <c>image_layer</c> exists before its directory does and as long as it does. <c>boot</c> is the boot during which
    /// the layer was extracted, until the layer is known to be on the disk: then it is null. A name has a tag or a digest, and
    /// the empty text for the other, so that the three make a key.
    /// </summary>
    /// <remarks>
    /// <c>archive</c> is the length of a layer's uncompressed archive, null without a recipe. A name's <c>target</c> is the index that it
    /// stood for in its registry or archive, or empty: the images of the index's other platforms that are here belong to the name too.
    /// <c>image_manifest</c> and <c>image_index</c> have the documents as they came, whose bytes are in the content store.
    /// <c>image_writable.copied</c> tells a copy of the layers from an overlay over them, and its <c>boot</c> is a layer's.
    /// <c>image_mounted_has_layer</c> are the layers of images that a container has mounted beside its root.
    /// <c>image_blob</c> is what a layer is compressed, and <c>image_blob_at</c> the repositories that are known to have it.
    /// </remarks>
    internal static SchemaOwner Owner { get; } = new("images", [
        """
        CREATE TABLE image_layer (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            diff_id TEXT UNIQUE,
            size INTEGER NOT NULL DEFAULT 0,
            state INTEGER NOT NULL,
            boot TEXT
        ) STRICT;
        CREATE TABLE image (
            id TEXT PRIMARY KEY,
            parent TEXT,
            tagged INTEGER
        ) STRICT;
        CREATE TABLE image_has_layer (
            image TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            layer INTEGER NOT NULL REFERENCES image_layer (id),
            PRIMARY KEY (image, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_has_layer_by_layer ON image_has_layer (layer);
        CREATE TABLE image_name (
            name TEXT NOT NULL,
            tag TEXT NOT NULL,
            digest TEXT NOT NULL,
            image TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
            PRIMARY KEY (name, tag, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_name_by_image ON image_name (image);
        CREATE TABLE image_writable (
            container TEXT PRIMARY KEY
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE image_writable_has_layer (
            container TEXT NOT NULL REFERENCES image_writable (container) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            layer INTEGER NOT NULL REFERENCES image_layer (id),
            PRIMARY KEY (container, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_writable_has_layer_by_layer ON image_writable_has_layer (layer);
        """,
        """
        ALTER TABLE image_layer ADD COLUMN archive INTEGER;
        ALTER TABLE image_name ADD COLUMN target TEXT NOT NULL DEFAULT '';
        CREATE TABLE image_manifest (
            digest TEXT PRIMARY KEY,
            media_type TEXT NOT NULL,
            image TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_manifest_by_image ON image_manifest (image);
        CREATE TABLE image_index (
            digest TEXT PRIMARY KEY,
            media_type TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE image_index_has_manifest (
            image_index TEXT NOT NULL REFERENCES image_index (digest) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            manifest TEXT NOT NULL,
            PRIMARY KEY (image_index, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE image_blob (
            digest TEXT PRIMARY KEY,
            layer INTEGER NOT NULL REFERENCES image_layer (id) ON DELETE CASCADE,
            size INTEGER NOT NULL,
            media_type TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_blob_by_layer ON image_blob (layer);
        CREATE TABLE image_blob_at (
            digest TEXT NOT NULL REFERENCES image_blob (digest) ON DELETE CASCADE,
            repository TEXT NOT NULL,
            seen INTEGER NOT NULL,
            PRIMARY KEY (digest, repository)
        ) STRICT, WITHOUT ROWID;
        """,
        """
        ALTER TABLE image_writable ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE image_writable ADD COLUMN boot TEXT;
        """,
        """
        CREATE TABLE image_mounted_has_layer (
            container TEXT NOT NULL REFERENCES image_writable (container) ON DELETE CASCADE,
            mount INTEGER NOT NULL,
            position INTEGER NOT NULL,
            layer INTEGER NOT NULL REFERENCES image_layer (id),
            PRIMARY KEY (container, mount, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_mounted_has_layer_by_layer ON image_mounted_has_layer (layer);
        """,
    ]);
}

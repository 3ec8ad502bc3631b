using Tare.Store;

namespace Tare.Registry.Metadata;

/// <summary>The registry's tables. Times are milliseconds since 1970.</summary>
/// <remarks>
/// A blob is stored once and linked to each repository that it was pushed to or mounted in; only a link makes it readable. What was
/// linked and is referred to by no manifest goes when <c>seen</c> is older than the grace period: <c>seen</c> is the last moment at which
/// somebody was told that it is there, or at which the last reference to it went away.
/// </remarks>
internal static class RegistrySchema
{
    internal static SchemaOwner Owner { get; } = new("registry",
    [
        """
        CREATE TABLE registry_repository (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE
        ) STRICT;
        CREATE TABLE registry_blob (
            digest TEXT PRIMARY KEY,
            size INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE registry_link (
            repository INTEGER NOT NULL REFERENCES registry_repository (id),
            digest TEXT NOT NULL REFERENCES registry_blob (digest),
            seen INTEGER NOT NULL,
            PRIMARY KEY (repository, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX registry_link_by_digest ON registry_link (digest);
        CREATE TABLE registry_manifest (
            id INTEGER PRIMARY KEY,
            repository INTEGER NOT NULL REFERENCES registry_repository (id),
            digest TEXT NOT NULL,
            media_type TEXT NOT NULL,
            artifact_type TEXT,
            subject TEXT,
            annotations TEXT,
            size INTEGER NOT NULL,
            pushed INTEGER NOT NULL,
            seen INTEGER NOT NULL,
            pulled INTEGER,
            content BLOB NOT NULL,
            UNIQUE (repository, digest)
        ) STRICT;
        CREATE INDEX registry_manifest_by_subject ON registry_manifest (repository, subject) WHERE subject IS NOT NULL;
        CREATE TABLE registry_reference (
            manifest INTEGER NOT NULL REFERENCES registry_manifest (id) ON DELETE CASCADE,
            repository INTEGER NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (manifest, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX registry_reference_by_digest ON registry_reference (repository, digest);
        CREATE TABLE registry_tag (
            repository INTEGER NOT NULL REFERENCES registry_repository (id),
            name TEXT NOT NULL,
            manifest INTEGER NOT NULL REFERENCES registry_manifest (id) ON DELETE CASCADE,
            updated INTEGER NOT NULL,
            PRIMARY KEY (repository, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX registry_tag_by_manifest ON registry_tag (manifest);
        CREATE TABLE registry_upload (
            id TEXT PRIMARY KEY,
            repository TEXT NOT NULL,
            updated INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    ]);
}

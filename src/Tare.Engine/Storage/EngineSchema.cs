using Tare.Store;

namespace Tare.Engine.Storage;

/// <summary>The engine's own tables.</summary>
internal static class EngineSchema
{
    /// <summary>For <see cref="Database.Open"/>. A migration that has been released never changes.</summary>
    public static SchemaOwner Owner { get; } = new(
        "engine",
        [
            """
            -- config, host_config and networking are the Engine API's own documents; mounts and state are the engine's.
            CREATE TABLE engine_containers (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                created INTEGER NOT NULL,
                image_id TEXT NOT NULL,
                config BLOB NOT NULL,
                host_config BLOB NOT NULL,
                networking BLOB,
                mounts BLOB NOT NULL,
                state BLOB NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE engine_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
            """,
        ]);
}

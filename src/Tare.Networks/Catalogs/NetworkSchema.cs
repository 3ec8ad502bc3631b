using Tare.Store;

namespace Tare.Networks.Catalogs;

/// <summary>The tables of networks.</summary>
internal static class NetworkSchema
{
    /// <summary>The network is there.</summary>
    internal const long Ready = 1;

    /// <summary>Its device and rules are being made, or being removed: a row in this state is swept at the next start.</summary>
    internal const long Passing = 0;

    /// <summary>
    /// A row of <c>network</c> is there before anything of the kernel's is made for it, and until all of that is gone. Maps have a table each,
    /// whose <c>kind</c> is a word of <see cref="NetworkTable"/>.
    /// </summary>
    internal static SchemaOwner Owner { get; } = new("networks", [
        """
        CREATE TABLE network (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            driver TEXT NOT NULL,
            created INTEGER NOT NULL,
            internal INTEGER NOT NULL,
            attachable INTEGER NOT NULL,
            ipv4 INTEGER NOT NULL,
            ipv6 INTEGER NOT NULL,
            device TEXT NOT NULL,
            state INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE network_has_value (
            network TEXT NOT NULL REFERENCES network (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (network, kind, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE network_has_subnet (
            network TEXT NOT NULL REFERENCES network (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            subnet TEXT NOT NULL,
            range TEXT,
            gateway TEXT,
            gateway_given INTEGER NOT NULL,
            PRIMARY KEY (network, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE network_subnet_has_address (
            network TEXT NOT NULL,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            address TEXT NOT NULL,
            PRIMARY KEY (network, position, name),
            FOREIGN KEY (network, position) REFERENCES network_has_subnet (network, position) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        """,
        """
        ALTER TABLE network_has_subnet ADD COLUMN from_pool INTEGER NOT NULL DEFAULT 0;
        """,
        """
        ALTER TABLE network ADD COLUMN config_only INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE network ADD COLUMN config_from TEXT NOT NULL DEFAULT '';
        """,
    ]);
}

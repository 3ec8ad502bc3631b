using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>What every verb of the runtime goes by.</summary>
public sealed record RuntimeContext
{
    /// <summary>The directory of the containers' state.</summary>
    public required string Root { get; init; }

    /// <summary>Whether control groups are made by systemd.</summary>
    public bool SystemdCgroup { get; init; }

    /// <summary>Hears what is odd, but no failure.</summary>
    public required Action<string> Warn { get; init; }
}

/// <summary>A container to be created.</summary>
public sealed record CreateRequest
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>The directory of the bundle.</summary>
    public required string Bundle { get; init; }

    /// <summary>The socket that gets the master of its terminal; empty: none.</summary>
    public string ConsoleSocket { get; init; } = "";

    /// <summary>The file that gets its pid; empty: none.</summary>
    public string PidFile { get; init; } = "";

    /// <summary>Move the root instead of pivot_root(2).</summary>
    public bool NoPivot { get; init; }

    /// <summary>Leave the runtime's session keyring.</summary>
    public bool NoNewKeyring { get; init; }

    /// <summary>How many of the runtime's descriptors from 3 on the process gets.</summary>
    public int PreserveFds { get; init; }

    /// <summary>Whether it starts at once.</summary>
    public bool Start { get; init; }

    /// <summary>Whether the caller takes the terminal when no socket does.</summary>
    public bool KeepsTerminal { get; init; }

    /// <summary>The socket of whoever waits for the container to be ready, as <c>NOTIFY_SOCKET</c> has it (sd_notify(3)); empty: nobody.</summary>
    public string NotifySocket { get; init; } = "";

    /// <summary>The size of the caller's terminal, which the new one has from the beginning: when the caller takes it, or the configuration says none.</summary>
    public ConsoleSize? TerminalSize { get; init; }

    /// <summary>Hears of the process's pid while it is set up.</summary>
    public Action<int>? Born { get; init; }
}

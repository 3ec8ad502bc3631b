using Tare.Linux;

namespace Tare.Keeper;

/// <summary>Where a process's output goes.</summary>
public enum OutputTarget
{
    /// <summary>Into the log of <see cref="LaunchRequest.Log"/>, and only there; it is read with <see cref="LogReader"/>.</summary>
    Log = 0,

    /// <summary>To the caller, who gets the read ends (or the pty's master). When the daemon dies, the keeper drains them.</summary>
    Caller = 1,

    /// <summary>Nowhere: /dev/null, or for a terminal, a master that the keeper drains.</summary>
    Discard = 2,
}

/// <summary>A log's folder and its limits.</summary>
public sealed record LogOptions
{
    /// <summary>What <c>local</c>, Docker's bounded log driver, allows by default: five files of 20 MB.</summary>
    public const long DefaultMaxBytes = 5 * DefaultSegmentBytes;

    /// <summary>20 MB, as the <c>max-size</c> of Docker's <c>local</c> driver.</summary>
    public const long DefaultSegmentBytes = 20_000_000;

    /// <summary>The absolute path of the folder of segments; made (0700) when it is missing, its parent must exist.</summary>
    public required string Directory { get; init; }

    /// <summary>The oldest segments go when the log has grown over this many bytes.</summary>
    public long MaxBytes { get; init; } = DefaultMaxBytes;

    /// <summary>A new segment is begun when the newest would grow over this many bytes.</summary>
    public long SegmentBytes { get; init; } = DefaultSegmentBytes;
}

/// <summary>One process to launch. The descriptors stay the caller's; they must stay open until the launch has been answered.</summary>
public sealed record LaunchRequest
{
    /// <summary>Names the launch.</summary>
    public required ProcessKey Key { get; init; }

    /// <summary>The container that owns the process: an exec belongs to a container. At most 255 bytes of UTF-8.</summary>
    public required string Container { get; init; }

    /// <summary>The launch program, a memfd; the process's descriptor 3.</summary>
    public required Fd Program { get; init; }

    /// <summary>The program's descriptors: 5, 6 and so on in the launcher. At most 240.</summary>
    public IReadOnlyList<Fd> Descriptors { get; init; } = [];

    /// <summary>Whether the program opens a pty and sends its master; 0, 1 and 2 are then /dev/null.</summary>
    public bool Terminal { get; init; }

    /// <summary>Whether stdin is a pipe rather than /dev/null. A terminal's input is always open.</summary>
    public bool OpenStdin { get; init; }

    /// <summary>Where the output goes.</summary>
    public OutputTarget Output { get; init; }

    /// <summary>The log; required by <see cref="OutputTarget.Log"/>.</summary>
    public LogOptions? Log { get; init; }
}

using Tare.Linux;

namespace Tare.Keeper;

/// <summary>
/// A process that the keeper keeps, running or ended and not yet acknowledged, as a daemon that has just started finds it, with
/// duplicates of its descriptors.
/// </summary>
public sealed class KeptProcess : IDisposable
{
    /// <summary>Which launch it is.</summary>
    public required ProcessKey Key { get; init; }

    /// <summary>The container that owns it.</summary>
    public required string Container { get; init; }

    /// <summary>The process id in the keeper's pid namespace.</summary>
    public required int Pid { get; init; }

    /// <summary>When the program was executed.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Whether it was launched with a terminal.</summary>
    public bool HasTerminal { get; init; }

    /// <summary>Where its output goes.</summary>
    public OutputTarget Output { get; init; }

    /// <summary>Its log.</summary>
    public LogOptions? Log { get; init; }

    /// <summary>Its end, when it has ended; the same record comes through <see cref="IKeeper.Exits"/>.</summary>
    public ProcessExit? Exit { get; init; }

    /// <summary>The process; null when no keeper could open it any more.</summary>
    public Fd? PidFd { get; init; }

    /// <summary>The write end of its stdin, unless it has none or it has been closed.</summary>
    public Fd? Stdin { get; init; }

    /// <summary>The master of its pty.</summary>
    public Fd? Terminal { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        PidFd?.Dispose();
        Stdin?.Dispose();
        Terminal?.Dispose();
    }
}

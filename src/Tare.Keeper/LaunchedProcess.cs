using Tare.Linux;

namespace Tare.Keeper;

/// <summary>
/// A process that has been launched, with the caller's own descriptors of it. Pipes and master are non-blocking: use
/// <see cref="Poller"/>. Disposing it closes the descriptors and does nothing to the process.
/// </summary>
public sealed class LaunchedProcess : IDisposable
{
    /// <summary>Which launch it is.</summary>
    public required ProcessKey Key { get; init; }

    /// <summary>The process id in the keeper's pid namespace.</summary>
    public required int Pid { get; init; }

    /// <summary>When the program was executed.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The process: signals are sent through it (<see cref="PidFds.SendSignal"/>).</summary>
    public required Fd PidFd { get; init; }

    /// <summary>The write end of the process's stdin, when it was asked for and there is no terminal.</summary>
    public Fd? Stdin { get; init; }

    /// <summary>The read end of its stdout, when the output goes to the caller and there is no terminal.</summary>
    public Fd? Stdout { get; init; }

    /// <summary>The read end of its stderr, when the output goes to the caller and there is no terminal.</summary>
    public Fd? Stderr { get; init; }

    /// <summary>The master of its pty, when there is a terminal. Its output is the caller's to read only with <see cref="OutputTarget.Caller"/>.</summary>
    public Fd? Terminal { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        PidFd.Dispose();
        Stdin?.Dispose();
        Stdout?.Dispose();
        Stderr?.Dispose();
        Terminal?.Dispose();
    }
}

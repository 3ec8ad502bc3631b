namespace Tare.Keeper;

/// <summary>A process has ended, and all it had written is in its log.</summary>
/// <param name="Key">Which launch it was.</param>
/// <param name="ExitCode">
/// The exit status, or 128 + signal when it was killed; null when nobody can know it (the process ended while no keeper lived,
/// on a kernel below 6.15).
/// </param>
/// <param name="Signaled">Whether a signal ended it.</param>
/// <param name="At">When the keeper saw the end.</param>
/// <param name="LogEnd">The log's offset behind the process's last output; 0 when it has no log.</param>
public sealed record ProcessExit(ProcessKey Key, int? ExitCode, bool Signaled, DateTimeOffset At, long LogEnd);

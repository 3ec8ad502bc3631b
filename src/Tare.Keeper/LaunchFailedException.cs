using Tare.Errors;
using Tare.Linux;

namespace Tare.Keeper;

/// <summary>
/// A launch failed before the program was executed, and every process that it had made is gone. Only who compiled the program can
/// turn the step into a sentence.
/// </summary>
public sealed class LaunchFailedException : TareException
{
    /// <summary>The step of a failure that no step of the program reported: see <see cref="Error"/>.</summary>
    public const int NoStep = -1;

    /// <summary>Creates the error of a step.</summary>
    public LaunchFailedException(int step, int error)
        : base(ErrorKind.Internal, Describe(step, error))
    {
        Step = step;
        Error = error;
    }

    /// <summary>The index of the failing step, or <see cref="NoStep"/>.</summary>
    public int Step { get; }

    /// <summary>
    /// The step's error number. With <see cref="NoStep"/>: <see cref="Errno.EOWNERDEAD"/> when the keeper was killed during the
    /// launch, so that nobody knows how far it came (end what runs in the cgroup); <see cref="Errno.ECHILD"/> when the launcher
    /// died without a word; else why it could not be spawned.
    /// </summary>
    public int Error { get; }

    private static string Describe(int step, int error) => (step, error) switch
    {
        (NoStep, Errno.EOWNERDEAD) => "the keeper was killed during the launch",
        (NoStep, Errno.ECHILD) => "the launcher was killed during the launch",
        (NoStep, _) => $"the launcher could not be started: {Errno.Describe(error)}",
        _ => $"step {step} of the launch program failed: {Errno.Describe(error)}",
    };
}

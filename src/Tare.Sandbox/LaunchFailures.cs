using Tare.Linux;
using Tare.Runtime.Launching;

namespace Tare.Sandbox;

/// <summary>Puts a failed launch into words, and gives it the exit code that Docker gives.</summary>
internal static class LaunchFailures
{
    private const int NotFound = 127;
    private const int NotExecutable = 126;
    private const int EngineFailure = 128;

    /// <summary>The words and the exit code for a step that failed.</summary>
    public static LaunchFailure Explain(LaunchProgram program, int step, int error)
    {
        if (!program.IsExecution(step, out var name))
            return new LaunchFailure($"cannot {program.Describe(step)}: {Errno.Describe(error)}", error is Errno.EACCES or Errno.EPERM ? NotExecutable : EngineFailure);
        return error switch
        {
            Errno.ENOENT when !name.Contains('/', StringComparison.Ordinal) => new LaunchFailure($"exec: \"{name}\": executable file not found in $PATH", NotFound),
            Errno.ENOENT => new LaunchFailure($"exec: \"{name}\": stat {name}: no such file or directory", NotFound),
            Errno.ENOTDIR => new LaunchFailure($"exec: \"{name}\": stat {name}: not a directory", NotFound),
            Errno.EACCES => new LaunchFailure($"exec: \"{name}\": permission denied", NotExecutable),
            Errno.EISDIR => new LaunchFailure($"exec: \"{name}\": is a directory", NotExecutable),
            Errno.ENOEXEC => new LaunchFailure($"exec {name}: exec format error", NotExecutable),
            _ => new LaunchFailure($"exec: \"{name}\": {Errno.Describe(error)}", NotExecutable),
        };
    }
}

using Tare.Linux;

namespace Tare.Runtime.Launching;

/// <summary>Why a launch failed, for the user and for the exit code.</summary>
/// <param name="Message">One sentence: cause, object, fix.</param>
/// <param name="ExitCode">127: the program was not found; 126: it cannot be executed; 125 or 128: the engine's own failure.</param>
public sealed record LaunchFailure(string Message, int ExitCode);

/// <summary>Puts a failed launch into words, and gives it the exit code that Docker gives.</summary>
public static class LaunchFailures
{
    private const int NotFound = 127;
    private const int NotExecutable = 126;
    private const int EngineFailure = 128;

    /// <summary>The words and the exit code for a step that failed.</summary>
    /// <param name="program">The program.</param>
    /// <param name="root">The container's root, to see what could not be executed.</param>
    /// <param name="step">The step.</param>
    /// <param name="error">Its errno.</param>
    public static LaunchFailure Explain(LaunchProgram program, Fd root, int step, int error)
    {
        if (program.IsWorkingDirectory(step, out var directory))
        {
            return new LaunchFailure(
                $"chdir to cwd (\"{directory}\") set in config.json failed: {WithoutName(Errno.Describe(error))}",
                error switch
                {
                    Errno.ENOENT or Errno.ENOTDIR => NotFound,
                    Errno.EACCES or Errno.EPERM => NotExecutable,
                    _ => EngineFailure,
                });
        }
        if (error == Errno.ENOSYS && program.IsMemoryPolicy(step))
            return new LaunchFailure($"cannot {program.Describe(step)}: this kernel does not have NUMA (CONFIG_NUMA): remove linux.memoryPolicy", EngineFailure);
        if (!program.IsExecution(step, out var name))
            return new LaunchFailure($"cannot {program.Describe(step)}: {Errno.Describe(error)}", error is Errno.EACCES or Errno.EPERM ? NotExecutable : EngineFailure);
        return ExplainExecution(name, root, error);
    }

    /// <summary>The words and the exit code for a program that could not be executed.</summary>
    /// <param name="name">The program, as it was asked for.</param>
    /// <param name="root">The container's root.</param>
    /// <param name="error">The errno.</param>
    public static LaunchFailure ExplainExecution(string name, Fd root, int error)
    {
        return error switch
        {
            Errno.ENOENT when !name.Contains('/', StringComparison.Ordinal) => new LaunchFailure($"exec: \"{name}\": executable file not found in $PATH", NotFound),
            Errno.ENOENT => new LaunchFailure($"exec: \"{name}\": stat {name}: no such file or directory", NotFound),
            Errno.ENOTDIR => new LaunchFailure($"exec: \"{name}\": stat {name}: not a directory", NotFound),
            Errno.EACCES when IsDirectory(root, name) => new LaunchFailure($"exec: \"{name}\": is a directory: permission denied", NotExecutable),
            Errno.EACCES => new LaunchFailure($"exec: \"{name}\": permission denied", NotExecutable),
            Errno.ENOEXEC => new LaunchFailure($"exec {name}: exec format error", NotExecutable),
            _ => new LaunchFailure($"exec: \"{name}\": {Errno.Describe(error)}", NotExecutable),
        };
    }

    /// <summary>The words of an error without its name in brackets, as Docker has them.</summary>
    private static string WithoutName(string description) => description.IndexOf(" (", StringComparison.Ordinal) is > 0 and var cut ? description[..cut] : description;

    private static bool IsDirectory(Fd root, string path)
    {
        using var file = Paths.TryOpen(root.Number, path, OpenFlags.Path, Linux.Resolve.InRoot | Linux.Resolve.NoMagicLinks, out _);
        return file is not null && FileStatuses.Of(file) is { IsDirectory: true };
    }
}

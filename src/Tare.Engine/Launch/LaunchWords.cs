using Tare.Runtime.Launching;
using Tare.Linux;

namespace Tare.Engine.Launch;

/// <summary>
/// Docker's words around a program that cannot be executed, and a working directory that cannot be entered. They name layers that we do not have; clients and tests look for them, and
/// take the exit code from what stands in them. Every other failure is one plain sentence, with the exit code that Docker gives to its sort.
/// </summary>
internal static class LaunchWords
{
    private const string Container =
        "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ";

    private const string ExecRefused = "OCI runtime exec failed: exec failed: ";

    private const string Exec = ExecRefused + "unable to start container process: ";

    /// <summary>Of an exec whose working directory is a relative path; found before anything is launched.</summary>
    public static LaunchFailure RelativeDirectory { get; } = new(ExecRefused + "Cwd must be an absolute path", 128);

    /// <summary>For a container.</summary>
    public static LaunchFailure OfContainer(LaunchFailure failure, int error) => Around(Container, failure, error);

    /// <summary>For an exec.</summary>
    public static LaunchFailure OfExec(LaunchFailure failure, int error) => Around(Exec, failure, error);

    private static LaunchFailure Around(string words, LaunchFailure failure, int error)
    {
        if (!failure.Message.StartsWith("exec", StringComparison.Ordinal) && !failure.Message.StartsWith("chdir to cwd", StringComparison.Ordinal))
        {
            return error switch
            {
                Errno.ENOENT or Errno.ENOTDIR => failure with { ExitCode = 127 },
                Errno.EACCES => failure with { ExitCode = 126 },
                _ => failure,
            };
        }
        // What Docker's client tells 126 by.
        var ending = failure.Message.EndsWith("is a directory", StringComparison.Ordinal) ? ": permission denied" : "";
        return failure with { Message = words + failure.Message + ending };
    }
}

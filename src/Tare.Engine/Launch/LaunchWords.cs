using Tare.Sandbox;

namespace Tare.Engine.Launch;

/// <summary>
/// Docker's words around a program that cannot be executed. They name layers that we do not have; clients and tests look for them, and
/// take the exit code from what stands in them. Every other failure is one plain sentence.
/// </summary>
internal static class LaunchWords
{
    private const string Container =
        "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ";

    private const string Exec = "OCI runtime exec failed: exec failed: unable to start container process: ";

    /// <summary>For a container.</summary>
    public static LaunchFailure OfContainer(LaunchFailure failure) => Around(Container, failure);

    /// <summary>For an exec.</summary>
    public static LaunchFailure OfExec(LaunchFailure failure) => Around(Exec, failure);

    private static LaunchFailure Around(string words, LaunchFailure failure)
    {
        if (failure.ExitCode is not (126 or 127) || !failure.Message.StartsWith("exec", StringComparison.Ordinal)) return failure;
        // What Docker's client tells 126 by.
        var ending = failure.Message.EndsWith("is a directory", StringComparison.Ordinal) ? ": permission denied" : "";
        return failure with { Message = words + failure.Message + ending };
    }
}

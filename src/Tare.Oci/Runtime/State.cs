namespace Tare.Oci.Runtime;

/// <summary>A container's state as hooks get it on their standard input (runtime.md, "State").</summary>
public sealed record State
{
    public required string OciVersion { get; init; }

    public required string Id { get; init; }

    /// <summary><c>creating</c>, <c>created</c>, <c>running</c>, <c>paused</c> or <c>stopped</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The container's process in the runtime's pid namespace; absent when there is none.</summary>
    public int? Pid { get; init; }

    /// <summary>The absolute path of the bundle.</summary>
    public required string Bundle { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>What the verbs <c>state</c> and <c>list --format json</c> print: the state, and what runc adds to it.</summary>
/// <param name="State">The state; a pid that is absent is printed as 0.</param>
/// <param name="Rootfs">The absolute path of the root filesystem.</param>
/// <param name="Created">When it was created; printed in UTC.</param>
/// <param name="Owner">The name of the user who owns it; <c>state</c> leaves it empty.</param>
public sealed record StateReport(State State, string Rootfs, DateTimeOffset Created, string Owner = "");

/// <summary>
/// What the socket of a seccomp listener gets beside the descriptors (config-linux.md, "The Container Process State").
/// </summary>
public sealed record ContainerProcessState
{
    /// <summary>The name, in <see cref="Fds"/>, of the descriptor of the filter's notifications.</summary>
    public const string SeccompDescriptor = "seccompFd";

    public required string OciVersion { get; init; }

    /// <summary>The names of the descriptors, in the order of the message.</summary>
    public required IReadOnlyList<string> Fds { get; init; }

    /// <summary>The process that the filter is for, in the runtime's pid namespace.</summary>
    public required int Pid { get; init; }

    /// <summary><see cref="LinuxSeccomp.ListenerMetadata"/>, as it is.</summary>
    public string? Metadata { get; init; }

    public required State State { get; init; }
}

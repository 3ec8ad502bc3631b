using Tare.Linux;

namespace Tare.Sandbox;

/// <summary>A further process in a running container.</summary>
public sealed record ExecOptions
{
    /// <summary>The container's options, as it was started with.</summary>
    public required ContainerOptions Container { get; init; }

    /// <summary>A pidfd of the container's first process. Owned by the caller.</summary>
    public required Fd ContainerPidFd { get; init; }

    /// <summary>The program and its arguments.</summary>
    public required IReadOnlyList<string> Args { get; init; }

    /// <summary>Variables beyond the container's; a later one of the same name wins.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>Working directory; empty: the container's.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>User; empty: the container's.</summary>
    public string User { get; init; } = "";

    /// <summary>Allocate a terminal.</summary>
    public bool Terminal { get; init; }

    /// <summary>First size of the terminal.</summary>
    public (ushort Rows, ushort Columns) ConsoleSize { get; init; }

    /// <summary>All capabilities. The container's seccomp filter stays.</summary>
    public bool Privileged { get; init; }
}

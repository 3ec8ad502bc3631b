using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Launching;

/// <summary>
/// What the launch of a container needs once its process is born, beside its specification: everything that was looked up or opened
/// before, by the number that the descriptor has in the launcher (<see cref="DescriptorList"/>).
/// </summary>
public sealed record LaunchInputs
{
    /// <summary>The specification. Its bind mounts are taken from <see cref="MountSources"/>, its user from the numeric fields.</summary>
    public required Spec Spec { get; init; }

    /// <summary>How the container gets its root.</summary>
    public required RootEntry Root { get; init; }

    /// <summary>Detached mounts that take the place of the specification's mounts, by their index there.</summary>
    public IReadOnlyDictionary<int, MountSource> MountSources { get; init; } = new Dictionary<int, MountSource>();

    /// <summary>Symbolic links to make once everything is mounted; one that is there stays.</summary>
    public IReadOnlyList<(string Path, string Target)> Links { get; init; } = [];

    /// <summary>The compiled seccomp filter, or null.</summary>
    public SeccompFilter? SeccompFilter { get; init; }

    /// <summary>Whether process 1 is the launcher's init.</summary>
    public bool Init { get; init; }

    /// <summary>Whether the process is in a user namespace of its own or a joined one: it has all capabilities there.</summary>
    public bool InUserNamespace { get; init; }

    /// <summary>Whether the host's devices are bound, because in a user namespace, be it the runtime's own, none can be made.</summary>
    public bool BindsDevices { get; init; }

    /// <summary>A name for the session keyring; null leaves the runtime's.</summary>
    public string? Keyring { get; init; }

    /// <summary>Stops at <see cref="SyncPoint.Mounted"/>.</summary>
    public bool StopsMounted { get; init; }

    /// <summary>Stops at <see cref="SyncPoint.Starting"/>.</summary>
    public bool StopsStarting { get; init; }

    /// <summary>A listening socket: the process is prepared, and executes its program when somebody connects.</summary>
    public int? StartSocket { get; init; }

    /// <summary>Descriptors that the program gets as 3 and up; null leaves a number closed.</summary>
    public IReadOnlyList<int?> Preserved { get; init; } = [];
}

/// <summary>Where a bind comes from.</summary>
/// <param name="Descriptor">A detached mount, by its number in the launcher; -1: the process binds the source's path itself.</param>
/// <param name="IsDirectory">Whether its place is a directory or a file.</param>
public readonly record struct MountSource(int Descriptor, bool IsDirectory)
{
    /// <summary>The process binds the source's path itself.</summary>
    public static MountSource ByPath(bool isDirectory) => new(-1, isDirectory);
}

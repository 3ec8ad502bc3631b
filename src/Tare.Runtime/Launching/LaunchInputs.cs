using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Launching;

/// <summary>
/// What a launch of a container needs beside its specification: everything that was looked up or opened before, by the number
/// that the descriptor has in the launcher (<see cref="DescriptorList"/>).
/// </summary>
public sealed record LaunchInputs
{
    /// <summary>The specification. Its bind mounts are taken from <see cref="MountSources"/>, its user from the numeric fields.</summary>
    public required Spec Spec { get; init; }

    /// <summary>A detached mount: the root filesystem.</summary>
    public required int Root { get; init; }

    /// <summary>The mount namespace that is copied (<see cref="Namespaces.NewMountTemplate"/>).</summary>
    public required int MountTemplate { get; init; }

    /// <summary>cgroup v1: open <c>cgroup.procs</c> files of all hierarchies.</summary>
    public IReadOnlyList<int> CgroupProcs { get; init; } = [];

    /// <summary>cgroup v2: the open directory.</summary>
    public int? CgroupDirectory { get; init; }

    /// <summary>Namespaces that are new.</summary>
    public required NamespaceKinds New { get; init; }

    /// <summary>Namespaces to join, by descriptor of the namespace or of a process.</summary>
    public IReadOnlyList<(int Descriptor, NamespaceKinds Kinds)> Join { get; init; } = [];

    /// <summary>Detached mounts that take the place of the specification's mounts, by their index there.</summary>
    public IReadOnlyDictionary<int, MountSource> MountSources { get; init; } = new Dictionary<int, MountSource>();

    /// <summary>The compiled seccomp filter (an array of <c>sock_filter</c>), or null.</summary>
    public byte[]? SeccompFilter { get; init; }

    /// <summary>Whether process 1 is the launcher's init.</summary>
    public bool Init { get; init; }
}

/// <summary>A detached mount, ready to be moved to its place.</summary>
/// <param name="Descriptor">Its number in the launcher.</param>
/// <param name="IsDirectory">Whether its place is a directory or a file.</param>
public readonly record struct MountSource(int Descriptor, bool IsDirectory);

/// <summary>What a launch of a further process needs.</summary>
public sealed record ExecInputs
{
    /// <summary>The process.</summary>
    public required ProcessSpec Process { get; init; }

    /// <summary>A pidfd of the container's first process.</summary>
    public required int Target { get; init; }

    /// <summary>The container's namespaces, to be joined.</summary>
    public required NamespaceKinds Join { get; init; }

    /// <summary>See <see cref="LaunchInputs.CgroupProcs"/>.</summary>
    public IReadOnlyList<int> CgroupProcs { get; init; } = [];

    /// <summary>See <see cref="LaunchInputs.CgroupDirectory"/>.</summary>
    public int? CgroupDirectory { get; init; }

    /// <summary>See <see cref="LaunchInputs.SeccompFilter"/>.</summary>
    public byte[]? SeccompFilter { get; init; }
}

/// <summary>The descriptors of a launch request, in the order in which the launcher finds them.</summary>
public sealed class DescriptorList : IDisposable
{
    private readonly List<Fd> descriptors = [];

    /// <summary>The descriptors.</summary>
    public IReadOnlyList<Fd> All => descriptors;

    /// <summary>Takes a descriptor and tells its number in the launcher.</summary>
    public int Add(Fd descriptor)
    {
        descriptors.Add(descriptor);
        return Launcher.FirstDescriptor + descriptors.Count - 1;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var descriptor in descriptors) descriptor.Dispose();
    }
}

/// <summary>A compiled launch program.</summary>
public sealed class LaunchProgram
{
    private readonly IReadOnlyList<Purpose> purposes;

    internal LaunchProgram(byte[] image, IReadOnlyList<Purpose> purposes)
    {
        Image = image;
        this.purposes = purposes;
    }

    /// <summary>The bytes that the launcher maps.</summary>
    public byte[] Image { get; }

    /// <summary>Whether a step is the execution of the program itself, and what it tried to execute.</summary>
    public bool IsExecution(int step, out string program)
    {
        var purpose = At(step);
        program = purpose.Object;
        return purpose.Stage == Stage.Execute;
    }

    /// <summary>Whether a step is the change to the working directory, and to which.</summary>
    public bool IsWorkingDirectory(int step, out string path)
    {
        var purpose = At(step);
        path = purpose.Object;
        return purpose.Stage == Stage.WorkingDirectory;
    }

    /// <summary>What a step was for, in words that go on after "cannot": <c>mount proc at /proc</c>.</summary>
    public string Describe(int step)
    {
        var (stage, name) = At(step);
        return stage switch
        {
            Stage.Setup => "prepare the process",
            Stage.Cgroup => "join the control group",
            Stage.Namespace => name.Length == 0 ? "enter the container's namespaces" : $"enter the namespace of {name}",
            Stage.Clone => "create the container's process",
            Stage.Root => "make the root filesystem the container's root",
            Stage.Mount => $"mount {name}",
            Stage.Device => $"make the device {name}",
            Stage.Sysctl => $"set the kernel parameter {name}",
            Stage.Hostname => $"set the host name {name}",
            Stage.Terminal => "open a terminal",
            Stage.WorkingDirectory => $"change to the working directory {name}",
            Stage.Rlimit => $"set the limit {name}",
            Stage.User => $"become the user {name}",
            Stage.Capabilities => "set the capabilities",
            Stage.Seccomp => "load the seccomp filter",
            _ => $"execute {name}",
        };
    }

    private Purpose At(int step) => step >= 0 && step < purposes.Count ? purposes[step] : new Purpose(Stage.Setup);
}

using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Launching;

/// <summary>
/// What the birth of a container's process needs: where it is born, and into what. Descriptors go by the number that they have in the
/// launcher (<see cref="DescriptorList"/>).
/// </summary>
public sealed record BirthInputs
{
    /// <summary>cgroup v1: open <c>cgroup.procs</c> files of all hierarchies.</summary>
    public IReadOnlyList<int> CgroupProcs { get; init; } = [];

    /// <summary>cgroup v2: the open directory.</summary>
    public int? CgroupDirectory { get; init; }

    /// <summary>Namespaces that are new.</summary>
    public required NamespaceKinds New { get; init; }

    /// <summary>Namespaces to join, by descriptor of the namespace or of a process.</summary>
    public IReadOnlyList<(int Descriptor, NamespaceKinds Kinds)> Join { get; init; } = [];

    /// <summary>The mount namespace that is copied (<see cref="Namespaces.NewMountTemplate"/>); null: the runtime's.</summary>
    public int? Template { get; init; }

    /// <summary>The ids of a new user namespace; null: none is made.</summary>
    public IdMaps? UserNamespace { get; init; }

    /// <summary>Whether the caller is without privileges over its own namespaces: what it may not do is done in the new ones.</summary>
    public bool Unprivileged { get; init; }

    /// <summary>The OOM score adjustment; null leaves the caller's.</summary>
    public int? OomScoreAdj { get; init; }
}

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

/// <summary>How a container gets its root.</summary>
public abstract record RootEntry;

/// <summary>A detached mount over the empty root of a template namespace (<see cref="BirthInputs.Template"/>).</summary>
/// <param name="Mount">The root filesystem.</param>
public sealed record TemplateRoot(int Mount) : RootEntry;

/// <summary>A directory of the runtime's mount namespace, of which the container's is a copy until its root is entered.</summary>
/// <param name="Path">Where it is: an absolute path without links.</param>
/// <param name="Mount">A detached mount of it; null: the process makes one.</param>
public sealed record PivotedRoot(string Path, int? Mount) : RootEntry
{
    /// <summary>What becomes of the copied mounts.</summary>
    public Propagation Propagation { get; init; } = Propagation.Slave;

    /// <summary>The propagation of the root itself, at the end.</summary>
    public Propagation OwnPropagation { get; init; }

    /// <summary>Whether that goes for all below it.</summary>
    public bool OwnPropagationRecursive { get; init; }

    /// <summary>Move the root over the old one instead of pivot_root(2), which refuses an initramfs.</summary>
    public bool NoPivot { get; init; }

    /// <summary>
    /// The container has no mount namespace of its own: what is mounted is mounted in the runtime's, nothing there is changed or let go
    /// of, and the root is entered by chroot(2).
    /// </summary>
    public bool Shared { get; init; }
}

/// <summary>The ids of a user namespace, as <c>/proc/PID/uid_map</c> reads them (user_namespaces(7)).</summary>
/// <param name="Users">Lines of <c>inside outside count</c>.</param>
/// <param name="Groups">The same for groups.</param>
/// <param name="DenyGroups">Whether setgroups(2) is forbidden first, as the kernel demands of an ordinary user.</param>
/// <param name="ByCaller">Whether the caller writes them, at <see cref="SyncPoint.MapIds"/>.</param>
/// <param name="HasRoot">Whether there is a user 0 in it.</param>
public sealed record IdMaps(string Users, string Groups, bool DenyGroups, bool ByCaller, bool HasRoot);

/// <summary>Where a bind comes from.</summary>
/// <param name="Descriptor">A detached mount, by its number in the launcher; -1: the process binds the source's path itself.</param>
/// <param name="IsDirectory">Whether its place is a directory or a file.</param>
public readonly record struct MountSource(int Descriptor, bool IsDirectory)
{
    /// <summary>The process binds the source's path itself.</summary>
    public static MountSource ByPath(bool isDirectory) => new(-1, isDirectory);
}

/// <summary>What a launch of a further process needs.</summary>
public sealed record ExecInputs
{
    /// <summary>The process.</summary>
    public required ProcessSpec Process { get; init; }

    /// <summary>A pidfd of the container's first process.</summary>
    public required int Target { get; init; }

    /// <summary>The container's namespaces, to be joined.</summary>
    public required NamespaceKinds Join { get; init; }

    /// <summary>The container's root, where that is not the root of a mount namespace to be joined.</summary>
    public int? Root { get; init; }

    /// <summary>See <see cref="BirthInputs.CgroupProcs"/>.</summary>
    public IReadOnlyList<int> CgroupProcs { get; init; } = [];

    /// <summary>See <see cref="BirthInputs.CgroupDirectory"/>.</summary>
    public int? CgroupDirectory { get; init; }

    /// <summary>See <see cref="LaunchInputs.SeccompFilter"/>.</summary>
    public SeccompFilter? SeccompFilter { get; init; }

    /// <summary>See <see cref="LaunchInputs.Preserved"/>.</summary>
    public IReadOnlyList<int?> Preserved { get; init; } = [];

    /// <summary>See <see cref="BirthInputs.Unprivileged"/>.</summary>
    public bool Unprivileged { get; init; }

    /// <summary>The container's NUMA policy; null: the caller's own.</summary>
    public LinuxMemoryPolicy? MemoryPolicy { get; init; }

    /// <summary>The container's execution domain; null: the caller's own.</summary>
    public LinuxPersonality? Personality { get; init; }

    /// <summary>The arguments with which the program is called, where its name there is not that of its file; null: those of the process.</summary>
    public IReadOnlyList<string>? CalledAs { get; init; }

    /// <summary>Whether the process stays in the launcher's session, as a hook does.</summary>
    public bool SameSession { get; init; }
}

/// <summary>The descriptors of a launch request, in the order in which the launcher finds them.</summary>
public sealed class DescriptorList : IDisposable
{
    private readonly List<Fd> descriptors = [];

    /// <summary>The descriptors.</summary>
    public IReadOnlyList<Fd> All => descriptors;

    /// <summary>The number that the next one will have.</summary>
    public int Next => Launcher.FirstDescriptor + descriptors.Count;

    /// <summary>Takes a descriptor and tells its number in the launcher.</summary>
    public int Add(Fd descriptor)
    {
        descriptors.Add(descriptor);
        return Next - 1;
    }

    /// <summary>Takes descriptors and tells their numbers.</summary>
    public List<int> Add(IReadOnlyList<Fd> more)
    {
        var numbers = new List<int>(more.Count);
        foreach (var descriptor in more) numbers.Add(Add(descriptor));
        return numbers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var descriptor in descriptors) descriptor.Dispose();
    }
}

/// <summary>The beginning of a container's program, up to where its process is born.</summary>
public sealed class ContainerBirth
{
    internal ContainerBirth(BirthInputs inputs, LaunchProgramBuilder builder) => (Inputs, Builder) = (inputs, builder);

    internal BirthInputs Inputs { get; }

    internal LaunchProgramBuilder Builder { get; }

    /// <summary>The program so far.</summary>
    public LaunchProgram SoFar => Builder.Build();
}

/// <summary>A compiled launch program.</summary>
public sealed class LaunchProgram
{
    private readonly (int First, Purpose Purpose)[] purposes;

    /// <param name="image">The bytes.</param>
    /// <param name="purposes">What steps are for, from one on until the next that is named.</param>
    /// <param name="steps">How many there are.</param>
    internal LaunchProgram(byte[] image, (int First, Purpose Purpose)[] purposes, int steps)
    {
        Image = image;
        this.purposes = purposes;
        LastStep = steps - 1;
    }

    /// <summary>The index of the step that executes.</summary>
    public int LastStep { get; }

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

    /// <summary>Whether a step asks for what a kernel without NUMA does not have.</summary>
    public bool IsMemoryPolicy(int step) => At(step).Stage == Stage.MemoryPolicy;

    /// <summary>What a step was for, in words that go on after "cannot": <c>mount proc at /proc</c>.</summary>
    public string Describe(int step)
    {
        var (stage, name) = At(step);
        return stage switch
        {
            Stage.Setup => "prepare the process",
            Stage.Cgroup => "join the control group",
            Stage.Namespace => name.Length == 0 ? "enter the container's namespaces" : $"enter the namespace of {name}",
            Stage.UserMap => "map the ids of the user namespace",
            Stage.Clone => "create the container's process",
            Stage.Root => "make the root filesystem the container's root",
            Stage.Mount => $"mount {name}",
            Stage.CopyUp => $"copy what the tmpfs at {name} covers (option tmpcopyup)",
            Stage.Hook => "run the hooks",
            Stage.Device => $"make the device {name}",
            Stage.Sysctl => $"set the kernel parameter {name}",
            Stage.Hostname => $"set the host name {name}",
            Stage.Terminal => "open a terminal",
            Stage.Label => $"set the security label {name}",
            Stage.Attribute => $"set {name}",
            Stage.MemoryPolicy => $"set the memory policy {name}",
            Stage.WorkingDirectory => $"change to the working directory {name}",
            Stage.Rlimit => $"set the limit {name}",
            Stage.User => $"become the user {name}",
            Stage.Capabilities => "set the capabilities",
            Stage.Seccomp => "load the seccomp filter",
            _ => $"execute {name}",
        };
    }

    private Purpose At(int step)
    {
        var purpose = new Purpose(Stage.Setup);
        if (step < 0 || step > LastStep) return purpose;
        foreach (var (first, named) in purposes)
        {
            if (first > step) break;
            purpose = named;
        }
        return purpose;
    }
}

namespace Tare.Runtime.Launching;

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

/// <summary>The beginning of a container's program, up to where its process is born.</summary>
public sealed class ContainerBirth
{
    internal ContainerBirth(BirthInputs inputs, LaunchProgramBuilder builder) => (Inputs, Builder) = (inputs, builder);

    internal BirthInputs Inputs { get; }

    internal LaunchProgramBuilder Builder { get; }

    /// <summary>The program so far.</summary>
    public LaunchProgram SoFar => Builder.Build();
}

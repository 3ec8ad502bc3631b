using Tare.Linux;
using Tare.Sandbox;

namespace Tare.Engine.Ports;

/// <summary>
/// What the engine needs of the sandbox. Tests put one here that fails where they want.
/// </summary>
internal interface ISandbox
{
    /// <summary>Makes the control groups and compiles the launch of a container's first process.</summary>
    ILaunch PrepareContainer(ContainerOptions options);

    /// <summary>Compiles the launch of a further process.</summary>
    ILaunch PrepareExec(ExecPlan plan);

    /// <summary>The control groups of a container that an earlier engine started; null when they are gone.</summary>
    ICgroup? OpenCgroup(string containerId, string cgroupParent);
}

/// <summary>A further process in a running container.</summary>
internal sealed record ExecPlan
{
    public required ContainerOptions Container { get; init; }

    /// <summary>The container's first process. The caller's.</summary>
    public required Fd PidFd { get; init; }

    public required ICgroup Cgroup { get; init; }

    public required IReadOnlyList<string> Args { get; init; }

    public IReadOnlyList<string> Env { get; init; } = [];

    public string WorkingDirectory { get; init; } = "";

    public string User { get; init; } = "";

    public bool Terminal { get; init; }

    public (ushort Rows, ushort Columns) ConsoleSize { get; init; }

    public bool Privileged { get; init; }
}

/// <summary>A compiled launch.</summary>
internal interface ILaunch : IDisposable
{
    Fd Program { get; }

    IReadOnlyList<Fd> Descriptors { get; }

    /// <summary>Lives on after the launch.</summary>
    ICgroup Cgroup { get; }

    /// <summary>The root filesystem; it stays mounted while the caller has what it is given. Null where there is none to hold.</summary>
    Fd? HoldRoot();

    /// <summary>Turns a failed step into a sentence.</summary>
    LaunchFailure Explain(int step, int error);
}

/// <summary>The control groups of one container.</summary>
internal interface ICgroup
{
    Task PauseAsync(CancellationToken cancellationToken);

    void Unpause();

    IReadOnlyList<int> Processes();

    void KillAll();

    long OomKills();

    void Update(ResourceOptions resources);

    Task RemoveAsync(CancellationToken cancellationToken);
}

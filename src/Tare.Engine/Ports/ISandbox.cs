using Tare.Runtime.Launching;
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

    /// <summary>Compiles the launch of a further process, which joins the container's control groups.</summary>
    ILaunch PrepareExec(ExecOptions options, ICgroup cgroup);

    /// <summary>The control groups of a container that an earlier engine started; null when they are gone.</summary>
    ICgroup? OpenCgroup(string containerId, string cgroupParent);
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

namespace Tare.Sandbox;

/// <summary>Turns options into launches: the one door through which containers, execs and build steps are started.</summary>
public sealed class SandboxCompiler
{
    /// <summary>Makes the control groups, opens what the launch needs, and compiles the launch program.</summary>
    /// <exception cref="Tare.Errors.TareException">An option makes no sense or cannot be had on this kernel.</exception>
    public PreparedLaunch PrepareContainer(ContainerOptions options) => throw new NotImplementedException();

    /// <summary>Compiles a further process of a running container.</summary>
    public PreparedLaunch PrepareExec(ExecOptions options) => throw new NotImplementedException();

    /// <summary>Finds the control groups of a container that an earlier daemon started; null when they are gone.</summary>
    public CgroupHandle? OpenCgroup(string containerId, string cgroupParent) => throw new NotImplementedException();
}

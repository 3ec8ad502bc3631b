using Tare.Runtime.Launching;
using Tare.Linux;
using Tare.Sandbox;

namespace Tare.Engine.Ports;

/// <summary>The sandbox below, as the engine sees it.</summary>
internal sealed class SandboxAdapter(SandboxCompiler compiler) : ISandbox
{
    /// <inheritdoc/>
    public ILaunch PrepareContainer(ContainerOptions options) => new Launch(compiler.PrepareContainer(options));

    /// <inheritdoc/>
    public ILaunch PrepareExec(ExecOptions options, ICgroup cgroup) => new Launch(compiler.PrepareExec(options, ((Cgroup)cgroup).Handle));

    /// <inheritdoc/>
    public ICgroup? OpenCgroup(string containerId, string cgroupParent) =>
        compiler.OpenCgroup(containerId, cgroupParent) is { } handle ? new Cgroup(handle) : null;

    private sealed class Launch(PreparedLaunch launch) : ILaunch
    {
        public Fd Program => launch.Program;

        public IReadOnlyList<Fd> Descriptors => launch.Descriptors;

        public ICgroup Cgroup { get; } = new Cgroup(launch.Cgroup);

        public Fd? HoldRoot() => launch.HoldRoot();

        public LaunchFailure Explain(int step, int error) => launch.Explain(step, error);

        public void Dispose() => launch.Dispose();
    }

    private sealed class Cgroup(CgroupHandle handle) : ICgroup
    {
        public CgroupHandle Handle => handle;

        public Task PauseAsync(CancellationToken cancellationToken) => handle.PauseAsync(cancellationToken);

        public void Unpause() => handle.Unpause();

        public IReadOnlyList<int> Processes() => handle.Processes();

        public void KillAll() => handle.KillAll();

        public long OomKills() => handle.OomKills();

        public void Update(ResourceOptions resources) => handle.Update(resources);

        public Task RemoveAsync(CancellationToken cancellationToken) => handle.RemoveAsync(cancellationToken);
    }
}

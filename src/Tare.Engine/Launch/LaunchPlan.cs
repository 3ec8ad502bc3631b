using Tare.Linux;
using Tare.Sandbox;

namespace Tare.Engine.Launch;

/// <summary>A container's launch, decided: the sandbox's options, and the descriptors that they refer to.</summary>
internal sealed class LaunchPlan(ContainerOptions options, IReadOnlyList<Fd> joined) : IDisposable
{
    /// <summary>What the sandbox is asked for.</summary>
    public ContainerOptions Options { get; } = options;

    public void Dispose()
    {
        foreach (var fd in joined) fd.Dispose();
    }
}

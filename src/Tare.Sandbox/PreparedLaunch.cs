using Tare.Linux;
using Tare.Runtime.Launching;

namespace Tare.Sandbox;

/// <summary>A compiled launch, ready for the keeper: the program, and the descriptors that it refers to.</summary>
public sealed class PreparedLaunch : IDisposable
{
    private readonly DescriptorList descriptors;
    private readonly Fd root;
    private readonly Func<Fd, int, int, LaunchFailure> explain;

    internal PreparedLaunch(Fd program, DescriptorList descriptors, Fd root, CgroupHandle cgroup, Func<Fd, int, int, LaunchFailure> explain)
    {
        Program = program;
        this.descriptors = descriptors;
        this.root = root;
        Cgroup = cgroup;
        this.explain = explain;
    }

    /// <summary>The launch program, a sealed memory file.</summary>
    public Fd Program { get; }

    /// <summary>What the launcher finds from descriptor 5 on.</summary>
    public IReadOnlyList<Fd> Descriptors => descriptors.All;

    /// <summary>The control groups that the process will be born in. Lives on after this object.</summary>
    public CgroupHandle Cgroup { get; }

    /// <summary>
    /// The root filesystem, for who wants it to outlive the process. Without another holder the process's end unmounts it, and is
    /// told only after what was written has been synchronised.
    /// </summary>
    /// <returns>The caller's own descriptor.</returns>
    public Fd HoldRoot() => root.Duplicate();

    /// <summary>Turns a failed step into a sentence.</summary>
    /// <param name="step">The index that the launcher reported.</param>
    /// <param name="error">Its errno.</param>
    public LaunchFailure Explain(int step, int error) => explain(root, step, error);

    /// <inheritdoc/>
    public void Dispose()
    {
        Program.Dispose();
        descriptors.Dispose();
        root.Dispose();
    }
}

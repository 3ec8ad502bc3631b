using Tare.Linux;

namespace Tare.Volumes;

/// <summary>What the filesystem of the volumes offers to limit them.</summary>
internal interface IProjectQuotas
{
    /// <inheritdoc cref="ProjectQuotas.AreEnforced"/>
    bool AreEnforced(Fd file);

    /// <inheritdoc cref="ProjectQuotas.IsUsed"/>
    bool IsUsed(Fd file, uint project);

    /// <inheritdoc cref="ProjectQuotas.SetLimit"/>
    void SetLimit(Fd file, uint project, long bytes);

    /// <inheritdoc cref="ProjectQuotas.Of"/>
    uint Of(Fd file);

    /// <inheritdoc cref="ProjectQuotas.Assign"/>
    void Assign(Fd directory, uint project);
}

/// <summary>The kernel's.</summary>
internal sealed class KernelProjectQuotas : IProjectQuotas
{
    public bool AreEnforced(Fd file) => ProjectQuotas.AreEnforced(file);

    public bool IsUsed(Fd file, uint project) => ProjectQuotas.IsUsed(file, project);

    public void SetLimit(Fd file, uint project, long bytes) => ProjectQuotas.SetLimit(file, project, bytes);

    public uint Of(Fd file) => ProjectQuotas.Of(file);

    public void Assign(Fd directory, uint project) => ProjectQuotas.Assign(directory, project);
}

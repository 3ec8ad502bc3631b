using Tare.Errors;
using Tare.Sandbox;

namespace Tare.Engine.Ports;

/// <summary>Stands for control groups that somebody else has removed under a container that lives.</summary>
internal sealed class LostCgroup : ICgroup
{
    private LostCgroup()
    {
    }

    /// <summary>The one instance.</summary>
    public static LostCgroup Instance { get; } = new();

    /// <inheritdoc/>
    public Task PauseAsync(CancellationToken cancellationToken) => throw Gone();

    /// <inheritdoc/>
    public void Unpause() => throw Gone();

    /// <inheritdoc/>
    public IReadOnlyList<int> Processes() => [];

    /// <inheritdoc/>
    public void KillAll()
    {
    }

    /// <inheritdoc/>
    public long OomKills() => 0;

    /// <inheritdoc/>
    public void Update(ResourceOptions resources) => throw Gone();

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static TareException Gone() => TareException.Internal("the container's control groups are gone: somebody has removed them");
}

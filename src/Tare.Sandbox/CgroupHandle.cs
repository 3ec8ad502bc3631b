namespace Tare.Sandbox;

/// <summary>The control groups of one container, on cgroup v1 (one directory a hierarchy) or v2 (one directory).</summary>
public sealed class CgroupHandle : IDisposable
{
    /// <summary>The path below each hierarchy's root, such as <c>/tare/ID</c>.</summary>
    public string Path { get; } = "";

    /// <summary>Freezes all processes and returns when they are frozen.</summary>
    public Task PauseAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Thaws all processes.</summary>
    public void Unpause() => throw new NotImplementedException();

    /// <summary>All processes, as the daemon's pid namespace numbers them.</summary>
    public IReadOnlyList<int> Processes() => throw new NotImplementedException();

    /// <summary>Kills every process (freeze and signal on v1, <c>cgroup.kill</c> on v2).</summary>
    public void KillAll() => throw new NotImplementedException();

    /// <summary>How often the OOM killer struck in here.</summary>
    public long OomKills() => throw new NotImplementedException();

    /// <summary>Changes limits of a running container.</summary>
    public void Update(ResourceOptions resources) => throw new NotImplementedException();

    /// <summary>Kills what is left and removes the directories. Never fails on ones that are already gone.</summary>
    public Task RemoveAsync(CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

using Tare.Distribution;
using Tare.Engine.Networks;
using Tare.Engine.Registries;
using Tare.Images.Roots;

namespace Tare.Engine;

/// <summary>What an engine is opened with. Paths are absolute.</summary>
public sealed record EngineOptions
{
    /// <summary>Durable state: the database, content, layers, containers (<c>--data-root</c>).</summary>
    public required string DataRoot { get; init; }

    /// <summary>Sockets and state that a reboot forgets (<c>--exec-root</c>).</summary>
    public required string ExecRoot { get; init; }

    /// <summary>How containers get their root filesystems (<c>--storage-driver</c>); absent: by overlay where the data root can carry it.</summary>
    public StorageDriver? StorageDriver { get; init; }

    /// <summary>The version that <c>docker version</c> and <c>docker info</c> show for the server.</summary>
    public string Version { get; init; } = "0.1.0";

    /// <summary>The commit that the binary was built from, or empty.</summary>
    public string Commit { get; init; } = "";

    /// <summary>When the binary was built, in RFC 3339, or empty.</summary>
    public string BuildTime { get; init; } = "";

    /// <summary>Whether the daemon runs in debug mode, as <c>docker info</c> shows it.</summary>
    public bool Debug { get; init; }

    /// <summary>Labels of the engine (<c>--label</c>), as <c>docker info</c> shows them.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>How registries are reached (<c>--registry-mirror</c>, <c>--insecure-registry</c>); see <see cref="RegistryConfiguration"/>.</summary>
    public RegistryOptions Registries { get; init; } = new();

    /// <summary>The most layers of one pull that are fetched at the same time (<c>--max-concurrent-downloads</c>).</summary>
    public int MaxConcurrentDownloads { get; init; } = 3;

    /// <summary>The most layers of one push that are sent at the same time (<c>--max-concurrent-uploads</c>).</summary>
    public int MaxConcurrentUploads { get; init; } = 5;

    /// <summary>Parent of the containers' control groups; empty: <c>/tare</c>.</summary>
    public string CgroupParent { get; init; } = "";

    /// <summary>
    /// Whether the engine's bridges may be let through other programs' packet filters that drop what is forwarded, by rules in their chains
    /// (<c>--open-other-firewalls</c>).
    /// </summary>
    public bool OpenOtherFirewalls { get; init; }

    /// <summary>Networks: the default bridge, address pools, DNS.</summary>
    public NetworkOptions Networks { get; init; } = new();

    /// <summary>The most that one container's log may take on disk, in bytes, unless <c>--log-opt max-size</c> says otherwise.</summary>
    public long LogMaxBytes { get; init; } = 100 << 20;

    /// <summary>How long <c>stop</c> waits for a container that names no time itself.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the engine says what no caller waits for: failed clean-ups, adopted containers. One line a call.</summary>
    public Action<EngineLogLevel, string> Log { get; init; } = static (_, _) => { };
}

/// <summary>How serious a line of the engine's own log is.</summary>
public enum EngineLogLevel
{
    /// <summary>Of use when something is looked for.</summary>
    Debug = 0,

    /// <summary>Normal life.</summary>
    Info,

    /// <summary>Something was degraded, and the engine goes on.</summary>
    Warning,

    /// <summary>Something failed that somebody should look at.</summary>
    Error,
}

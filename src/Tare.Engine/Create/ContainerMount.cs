using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>One mount of a container, parsed: what inspect shows and what the launch makes.</summary>
internal sealed record ContainerMount
{
    /// <summary><c>bind</c> or <c>tmpfs</c>.</summary>
    public required string Type { get; init; }

    /// <summary>For a bind: an absolute path of the host, without <c>.</c>, <c>..</c> and double slashes.</summary>
    public string Source { get; init; } = "";

    /// <summary>An absolute path of the container, cleaned as the source.</summary>
    public required string Target { get; init; }

    public bool ReadOnly { get; init; }

    /// <summary>For a bind, and then never empty.</summary>
    public string Propagation { get; init; } = "";

    /// <summary>For a bind: with what is mounted below the source.</summary>
    public bool Recursive { get; init; } = true;

    /// <summary>The words that the user gave, as inspect shows them.</summary>
    public string Mode { get; init; } = "";

    /// <summary>For a tmpfs: options in mount(8)'s words.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Make the source when the container starts and it does not exist (<c>-v</c>, and <c>bind-create-src</c>).</summary>
    public bool CreateSource { get; init; }

    /// <summary>It came by <c>--tmpfs</c>, which inspect shows in the host's configuration only.</summary>
    public bool FromTmpfsOption { get; init; }

    /// <summary>As inspect and list show it.</summary>
    public MountPoint ToWire() => new()
    {
        Type = Type,
        Source = Source,
        Destination = Target,
        Mode = Mode,
        RW = !ReadOnly,
        Propagation = Propagation,
    };
}

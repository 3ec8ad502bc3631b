namespace Tare.Oci.Runtime;

/// <summary>A container's state as hooks and <c>state</c> see it (runtime.md, "State").</summary>
public sealed record State
{
    public required string OciVersion { get; init; }

    public required string Id { get; init; }

    /// <summary><c>creating</c>, <c>created</c>, <c>running</c>, <c>paused</c> or <c>stopped</c>.</summary>
    public required string Status { get; init; }

    /// <summary>The container's process in the runtime's pid namespace; absent when there is none.</summary>
    public int? Pid { get; init; }

    /// <summary>The absolute path of the bundle.</summary>
    public required string Bundle { get; init; }

    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

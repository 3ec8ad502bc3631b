namespace Tare.Runtime.Cgroups;

/// <summary>Where the control groups of a container are, as a runtime saves it.</summary>
/// <param name="Paths">
/// The directories by controller, as <c>cgroup_paths</c> of runc's state.json has them: on v1 a controller's name or
/// <c>name=systemd</c>; the empty name is v2, alone or beside v1. Empty when the container has no control groups.
/// </param>
/// <param name="Unit">The systemd unit that they belong to, if there is one.</param>
/// <param name="IsRootless">Whether they were made without root's rights; a unit is then the user manager's.</param>
public sealed record CgroupState(IReadOnlyDictionary<string, string> Paths, string? Unit = null, bool IsRootless = false);

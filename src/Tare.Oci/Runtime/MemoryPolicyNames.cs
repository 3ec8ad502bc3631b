namespace Tare.Oci.Runtime;

/// <summary>The names of a NUMA policy (config-linux.md, "Memory policy"; set_mempolicy(2)).</summary>
public static class MemoryPolicyNames
{
    private static readonly string[] ModeNames =
        ["MPOL_BIND", "MPOL_DEFAULT", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE"];

    private static readonly string[] FlagNames = ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"];

    /// <summary>The modes, in the order of their names.</summary>
    public static IReadOnlyList<string> Modes => ModeNames;

    /// <summary>The flags, in the order of their names.</summary>
    public static IReadOnlyList<string> Flags => FlagNames;

    /// <summary>Whether there is a mode of this name.</summary>
    public static bool IsMode(string name) => Array.IndexOf(ModeNames, name) >= 0;

    /// <summary>Whether there is a flag of this name.</summary>
    public static bool IsFlag(string name) => Array.IndexOf(FlagNames, name) >= 0;
}

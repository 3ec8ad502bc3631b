using Tare.Errors;

namespace Tare.Oci.Runtime;

/// <summary>The names of a NUMA policy (config-linux.md, "Memory policy"; set_mempolicy(2)).</summary>
public static class MemoryPolicyNames
{
    private static readonly string[] ModeNames =
        ["MPOL_BIND", "MPOL_DEFAULT", "MPOL_INTERLEAVE", "MPOL_LOCAL", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_WEIGHTED_INTERLEAVE"];

    private static readonly int[] ModeNumbers = [2, 0, 3, 4, 1, 5, 6];

    private static readonly string[] FlagNames = ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES"];

    private static readonly int[] FlagNumbers = [1 << 13, 1 << 14, 1 << 15];

    /// <summary>The modes, in the order of their names.</summary>
    public static IReadOnlyList<string> Modes => ModeNames;

    /// <summary>The flags, in the order of their names.</summary>
    public static IReadOnlyList<string> Flags => FlagNames;

    /// <summary>Whether there is a mode of this name.</summary>
    public static bool IsMode(string name) => Array.IndexOf(ModeNames, name) >= 0;

    /// <summary>Whether there is a flag of this name.</summary>
    public static bool IsFlag(string name) => Array.IndexOf(FlagNames, name) >= 0;

    /// <summary>A mode with flags, as set_mempolicy(2) takes it (linux/mempolicy.h).</summary>
    /// <exception cref="TareException">A name is unknown.</exception>
    public static int NumberOf(string mode, IReadOnlyList<string> flags)
    {
        var number = IsMode(mode) ? ModeNumbers[Array.IndexOf(ModeNames, mode)] : throw TareException.Invalid($"unknown mode {mode} of a memory policy: use one of {string.Join(", ", Modes)}");
        foreach (var flag in flags)
            number |= IsFlag(flag) ? FlagNumbers[Array.IndexOf(FlagNames, flag)] : throw TareException.Invalid($"unknown flag {flag} of a memory policy: use one of {string.Join(", ", Flags)}");
        return number;
    }
}

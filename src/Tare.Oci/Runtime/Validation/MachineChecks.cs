namespace Tare.Oci.Runtime.Validation;

/// <summary>What the process sees and gets of the machine (config-linux.md: intelRdt, memoryPolicy, personality).</summary>
internal static class MachineChecks
{
    public static void Check(LinuxSpec linux, SpecContext context, List<string> warnings)
    {
        if (linux.IntelRdt is { } intelRdt) CheckIntelRdt(intelRdt, context);
        if (linux.MemoryPolicy is { } policy) CheckMemoryPolicy(policy);
        if (linux.Personality is not { } personality) return;
        if (personality.Domain is not ("LINUX" or "LINUX32"))
            throw Sentence.Invalid($"linux.personality.domain is \"{personality.Domain}\", but must be LINUX or LINUX32");
        if (personality.Flags is { Count: > 0 } flags)
            warnings.Add($"linux.personality.flags is ignored, as no flag is defined: {string.Join(", ", flags)}");
    }

    private static void CheckIntelRdt(LinuxIntelRdt intelRdt, SpecContext context)
    {
        if (!context.IntelRdt)
            throw Sentence.Invalid("linux.intelRdt is set, but this host's resctrl filesystem is not mounted, or its CPU has no resource control: mount it at /sys/fs/resctrl, or remove linux.intelRdt");
        // A lone slash is the root of resctrl (1.3).
        if (intelRdt.ClosId is { } id && (id is "." or ".." || (id.Length > 1 && id.Contains('/', StringComparison.Ordinal)) || Texts.IsCut(id)))
            throw Sentence.Invalid($"linux.intelRdt.closID is \"{id}\", but must be the name of a directory of resctrl, without '/'");
        if (!context.IntelRdtCache && !string.IsNullOrEmpty(intelRdt.L3CacheSchema))
            throw Sentence.Invalid("linux.intelRdt.l3CacheSchema is set, but this host's CPU does not allocate cache: remove it");
        if (!context.IntelRdtBandwidth && !string.IsNullOrEmpty(intelRdt.MemBwSchema))
            throw Sentence.Invalid("linux.intelRdt.memBwSchema is set, but this host's CPU does not allocate memory bandwidth: remove it");
    }

    private static void CheckMemoryPolicy(LinuxMemoryPolicy policy)
    {
        if (!MemoryPolicyNames.IsMode(policy.Mode))
            throw Sentence.Invalid($"linux.memoryPolicy.mode is \"{policy.Mode}\", but must be one of {string.Join(", ", MemoryPolicyNames.Modes)}");
        for (var i = 0; i < policy.Flags?.Count; i++)
        {
            if (!MemoryPolicyNames.IsFlag(policy.Flags[i]))
                throw Sentence.Invalid($"linux.memoryPolicy.flags[{i}] is \"{policy.Flags[i]}\", but must be one of {string.Join(", ", MemoryPolicyNames.Flags)}");
        }

        var nodes = CpuList.Parse(policy.Nodes, "linux.memoryPolicy.nodes");
        if (policy.Mode is "MPOL_DEFAULT" or "MPOL_LOCAL" && !nodes.IsEmpty)
            throw Sentence.Invalid($"linux.memoryPolicy.nodes is \"{policy.Nodes}\", but {policy.Mode} takes no nodes: remove it");
        if (policy.Mode is "MPOL_BIND" or "MPOL_INTERLEAVE" or "MPOL_WEIGHTED_INTERLEAVE" or "MPOL_PREFERRED_MANY" && nodes.IsEmpty)
            throw Sentence.Invalid($"linux.memoryPolicy.nodes is absent or empty, but {policy.Mode} needs one node at least: add it");
    }
}

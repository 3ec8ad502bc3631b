namespace Tare.Oci.Runtime.Validation;

/// <summary>The cgroup and its limits (config-linux.md, "Control groups").</summary>
internal static class ResourceChecks
{
    /// <summary>Checks where the cgroup is.</summary>
    public static void CheckPath(string? path, SpecContext context)
    {
        if (string.IsNullOrEmpty(path)) return;
        Texts.Check(path, "linux.cgroupsPath");
        if (context.SystemdCgroups && path.AsSpan().Count(':') != 2)
            throw Sentence.Invalid($"linux.cgroupsPath is \"{path}\", but with systemd it has the form slice:prefix:name, such as \"system.slice:tare:web\"");
    }

    /// <summary>Checks limits.</summary>
    /// <param name="resources">The limits.</param>
    /// <param name="at">What stands before their members in a sentence: <c>linux.resources.</c>, or nothing when they are the document.</param>
    /// <param name="context">The host.</param>
    /// <param name="warnings">Where warnings go.</param>
    public static void Check(LinuxResources resources, string at, SpecContext context, List<string> warnings)
    {
        CheckDevices(resources.Devices, at);
        if (resources.Memory is { } memory) CheckMemory(memory, at, context, warnings);
        Texts.Check(resources.Cpu?.Cpus, $"{at}cpu.cpus");
        Texts.Check(resources.Cpu?.Mems, $"{at}cpu.mems");
        CheckPages(resources.HugepageLimits, at);
        for (var i = 0; i < resources.Network?.Priorities?.Count; i++)
        {
            if (Texts.IsCut(resources.Network.Priorities[i].Name)) throw Texts.Cut($"{at}network.priorities[{i}].name");
        }

        if (resources.Unified is { } unified) CheckUnified(unified, at, context);
    }

    private static void CheckDevices(IReadOnlyList<LinuxDeviceCgroup>? devices, string at)
    {
        for (var i = 0; i < devices?.Count; i++)
        {
            var (type, access) = (devices[i].Type, devices[i].Access);
            if (!string.IsNullOrEmpty(type) && type is not ("a" or "b" or "c"))
                throw Sentence.Invalid($"{at}devices[{i}].type is \"{type}\", but must be one of a for all, b and c");
            if (string.IsNullOrEmpty(access))
                throw Sentence.Invalid($"{at}devices[{i}].access is absent or empty, but a rule is about some of r, w and m: add it");
            if (access.AsSpan().ContainsAnyExcept("rwm"))
                throw Sentence.Invalid($"{at}devices[{i}].access is \"{access}\", but is made of r for reading, w for writing and m for mknod");
        }
    }

    private static void CheckMemory(LinuxMemory memory, string at, SpecContext context, List<string> warnings)
    {
        if (memory.Kernel is not null || memory.KernelTcp is not null)
            warnings.Add($"{at}memory.kernel and kernelTCP are ignored: no kernel limits them apart any more");
        if (!context.UnifiedCgroups || memory.Swap is not { } swap || swap is 0 or -1) return;
        // Cgroup v2 limits swap alone, so the limit of memory has to be known.
        switch (memory.Limit ?? 0)
        {
            case -1:
                break;
            case 0:
                throw Sentence.Invalid($"{at}memory.swap is {swap}, but it counts memory and swap together, and {at}memory.limit is not set: set it too");
            case < 0:
                throw Sentence.Invalid($"{at}memory.limit is {memory.Limit}, but must be a number of bytes, or -1 for none");
            case var limit when swap < limit:
                throw Sentence.Invalid($"{at}memory.swap is {swap}, but it counts memory and swap together, and {at}memory.limit is {limit} already: raise it, or set it to -1 for no limit");
        }
    }

    private static void CheckPages(IReadOnlyList<LinuxHugepageLimit>? limits, string at)
    {
        for (var i = 0; i < limits?.Count; i++)
        {
            var size = limits[i].PageSize.AsSpan();
            // As the kernel names its files; anything else is none of them, or lies elsewhere.
            if (size is not ([>= '1' and <= '9', .., 'K' or 'M' or 'G', 'B']) || size[..^2].ContainsAnyExceptInRange('0', '9'))
                throw Sentence.Invalid($"{at}hugepageLimits[{i}].pageSize is \"{limits[i].PageSize}\", but must be a number and KB, MB or GB, such as \"2MB\"");
        }
    }

    private static void CheckUnified(IReadOnlyDictionary<string, string> unified, string at, SpecContext context)
    {
        if (!context.UnifiedCgroups)
            throw Sentence.Invalid($"{at}unified is for cgroup v2, but this host has cgroup v1: remove it");
        foreach (var (file, value) in unified)
        {
            if (file is "" or "." or ".." || file.Contains('/', StringComparison.Ordinal) || Texts.IsCut(file))
                throw Sentence.Invalid($"{at}unified has the file \"{file}\", but must have names of the cgroup's own files, such as \"memory.high\"");
            if (Texts.IsCut(value)) throw Texts.Cut($"{at}unified[\"{file}\"]");
        }
    }
}

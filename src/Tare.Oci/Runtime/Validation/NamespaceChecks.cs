using System.Text;
using Tare.Errors;

namespace Tare.Oci.Runtime.Validation;

/// <summary>Namespaces (config-linux.md, "Namespaces"), and the members that have a meaning only in one of the container's own.</summary>
internal static class NamespaceChecks
{
    // The kernel's __NEW_UTS_LEN.
    private const int LongestName = 64;

    public static void Check(Spec spec, NamespaceSet namespaces, SpecContext context)
    {
        CheckList(namespaces);
        CheckKernel(namespaces, context);
        CheckUtsName(spec.Hostname, "hostname", namespaces);
        CheckUtsName(spec.Domainname, "domainname", namespaces);
        if (spec.Linux is not { } linux) return;
        CheckPropagation(linux.RootfsPropagation, context);
        CheckPaths(linux.MaskedPaths, "linux.maskedPaths", namespaces);
        CheckPaths(linux.ReadonlyPaths, "linux.readonlyPaths", namespaces);
        Texts.Check(linux.MountLabel, "linux.mountLabel");
        CheckTime(linux.TimeOffsets, namespaces);
    }

    private static void CheckList(NamespaceSet namespaces)
    {
        for (var i = 0; i < namespaces.All.Count; i++)
        {
            var (type, path) = (namespaces.All[i].Type, namespaces.All[i].Path);
            if (type is not (LinuxNamespaceTypes.Pid or LinuxNamespaceTypes.Network or LinuxNamespaceTypes.Mount or LinuxNamespaceTypes.Ipc
                or LinuxNamespaceTypes.Uts or LinuxNamespaceTypes.User or LinuxNamespaceTypes.Cgroup or LinuxNamespaceTypes.Time))
                throw Sentence.Invalid($"linux.namespaces[{i}].type is \"{type}\", but must be one of pid, network, mount, ipc, uts, user, cgroup and time");
            for (var j = 0; j < i; j++)
            {
                if (namespaces.All[j].Type == type)
                    throw Sentence.Invalid($"linux.namespaces[{i}] is the second of type \"{type}\", but a process is in one namespace of each type: remove one of the two");
            }

            if (Texts.IsCut(path)) throw Texts.Cut($"linux.namespaces[{i}].path");
            if (!string.IsNullOrEmpty(path) && !Texts.IsAbsolute(path))
                throw Sentence.Invalid($"linux.namespaces[{i}].path is \"{path}\", but must be absolute, such as \"/proc/1/ns/pid\"");
        }
    }

    private static void CheckKernel(NamespaceSet namespaces, SpecContext context)
    {
        if (!context.UserNamespaces && namespaces.Has(LinuxNamespaceTypes.User)) throw Unsupported("user");
        if (!context.CgroupNamespaces && namespaces.Has(LinuxNamespaceTypes.Cgroup)) throw Unsupported("cgroup");
        if (!context.TimeNamespaces && namespaces.Has(LinuxNamespaceTypes.Time)) throw Unsupported("time");
    }

    private static TareException Unsupported(string type) =>
        TareException.NotImplemented($"linux.namespaces has one of type \"{type}\", which this kernel does not support: remove it");

    private static void CheckUtsName(string? name, string member, NamespaceSet namespaces)
    {
        if (string.IsNullOrEmpty(name)) return;
        if (!namespaces.Has(LinuxNamespaceTypes.Uts))
            throw Sentence.Invalid($"{member} is set, but the container has no UTS namespace, so it would be the host's: add one of type \"uts\" to linux.namespaces, or remove {member}");
        Texts.Check(name, member);
        if (Encoding.UTF8.GetByteCount(name) > LongestName)
            throw Sentence.Invalid($"{member} is longer than {LongestName} bytes, the most that the kernel keeps: shorten it");
    }

    private static void CheckPropagation(string? propagation, SpecContext context)
    {
        if (string.IsNullOrEmpty(propagation)) return;
        if (!MountOptionNames.IsPropagation(propagation))
            throw Sentence.Invalid($"linux.rootfsPropagation is \"{propagation}\", but must be one of shared, slave, private and unbindable, or one of them with a leading r");
        if (context.NoPivotRoot && propagation is ("private" or "rprivate"))
            throw Sentence.Invalid($"linux.rootfsPropagation is \"{propagation}\", which is not safe without pivot_root, as the host's mounts could be reached: do without --no-pivot, or use \"rslave\"");
    }

    private static void CheckPaths(IReadOnlyList<string>? paths, string member, NamespaceSet namespaces)
    {
        if (paths is null or []) return;
        if (!namespaces.Has(LinuxNamespaceTypes.Mount))
            throw Sentence.Invalid($"{member} has paths, but the container has no mount namespace, so they would be the host's: add one of type \"mount\" to linux.namespaces, or remove {member}");
        Texts.Check(paths, member);
    }

    private static void CheckTime(IReadOnlyDictionary<string, LinuxTimeOffset>? offsets, NamespaceSet namespaces)
    {
        if (offsets is null) return;
        if (!namespaces.Has(LinuxNamespaceTypes.Time))
            throw Sentence.Invalid("linux.timeOffsets is set, but the container has no time namespace: add one of type \"time\" to linux.namespaces, or remove linux.timeOffsets");
        if (namespaces.Joins(LinuxNamespaceTypes.Time))
            throw Sentence.Invalid("linux.timeOffsets is set, but the time namespace is joined, and its clocks are set already: remove the namespace's path, or linux.timeOffsets");
        foreach (var (clock, offset) in offsets)
        {
            if (clock is not ("monotonic" or "boottime"))
                throw Sentence.Invalid($"linux.timeOffsets has the clock \"{clock}\", but only monotonic and boottime can be shifted");
            if (offset.Nanosecs > 999_999_999)
                throw Sentence.Invalid($"linux.timeOffsets.{clock}.nanosecs is {offset.Nanosecs}, but must be less than a second, 1000000000");
        }
    }
}

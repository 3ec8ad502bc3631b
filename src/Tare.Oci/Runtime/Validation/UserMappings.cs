using Tare.Errors;

namespace Tare.Oci.Runtime.Validation;

/// <summary>The ids of the container's user namespace (config-linux.md, "User namespace mappings"; user_namespaces(7)).</summary>
internal sealed class UserMappings
{
    // The kernel's UID_GID_MAP_MAX_EXTENTS.
    private const int MostRanges = 340;

    private readonly LinuxSpec? linux;
    private readonly NamespaceSet namespaces;
    private readonly SpecContext context;

    public UserMappings(LinuxSpec? linux, NamespaceSet namespaces, SpecContext context)
    {
        (this.linux, this.namespaces, this.context) = (linux, namespaces, context);
        if (!namespaces.Has(LinuxNamespaceTypes.User)) return;
        var joins = namespaces.Joins(LinuxNamespaceTypes.User);
        Uids = joins ? context.JoinedUidMappings : linux?.UidMappings ?? [];
        Gids = joins ? context.JoinedGidMappings : linux?.GidMappings ?? [];
    }

    /// <summary>The user ids; null when all are there, or it is not known which.</summary>
    public IReadOnlyList<LinuxIdMapping>? Uids { get; }

    /// <summary>The group ids; null when all are there, or it is not known which.</summary>
    public IReadOnlyList<LinuxIdMapping>? Gids { get; }

    /// <summary>Checks the mappings themselves.</summary>
    public void Check(List<string> warnings)
    {
        if (!namespaces.Has(LinuxNamespaceTypes.User))
        {
            if (context.Rootless)
                throw Sentence.Invalid("linux.namespaces has no user namespace, without which a user who is not root cannot run a container: add one of type \"user\" with mappings, as the configuration of spec --rootless has it");
            if (linux?.UidMappings is not null || linux?.GidMappings is not null)
                throw Sentence.Invalid("linux.uidMappings and linux.gidMappings are for a user namespace, but the container has none: add one of type \"user\" to linux.namespaces, or remove the mappings");
            return;
        }

        CheckRanges(linux?.UidMappings, "linux.uidMappings");
        CheckRanges(linux?.GidMappings, "linux.gidMappings");
        if (namespaces.Joins(LinuxNamespaceTypes.User)) CheckJoined(warnings);
        CheckRoot(Uids, "linux.uidMappings");
        CheckRoot(Gids, "linux.gidMappings");
    }

    /// <summary>Checks that the ids of a process are there.</summary>
    public void CheckUser(UserSpec user)
    {
        CheckId(Uids, user.Uid, "process.user.uid", "linux.uidMappings");
        CheckId(Gids, user.Gid, "process.user.gid", "linux.gidMappings");
        if (user.AdditionalGids is not { Count: > 0 } groups) return;
        for (var i = 0; i < groups.Count; i++)
        {
            if (!Maps(Gids, groups[i])) throw Unmapped($"process.user.additionalGids[{i}]", groups[i], "linux.gidMappings");
        }
    }

    /// <summary>Whether there is an id inside; true when that is not known.</summary>
    public static bool Maps(IReadOnlyList<LinuxIdMapping>? mappings, ulong id)
    {
        if (mappings is null) return true;
        foreach (var mapping in mappings)
        {
            if (id >= mapping.ContainerId && id - mapping.ContainerId < mapping.Size) return true;
        }

        return false;
    }

    /// <summary>Checks what the kernel checks of a map.</summary>
    public static void CheckRanges(IReadOnlyList<LinuxIdMapping>? mappings, string member)
    {
        if (mappings is null) return;
        if (mappings.Count > MostRanges) throw Sentence.Invalid($"{member} has {mappings.Count} ranges, but the kernel takes {MostRanges} at most: join some");
        for (var i = 0; i < mappings.Count; i++)
        {
            var mapping = mappings[i];
            if (mapping.Size == 0) throw Sentence.Invalid($"{member}[{i}].size is 0, but a range has one id at least: set it, or remove the range");
            if (!Fits(mapping.ContainerId, mapping.Size) || !Fits(mapping.HostId, mapping.Size))
                throw Sentence.Invalid($"{member}[{i}] has {mapping.Size} ids from {mapping.ContainerId} inside and {mapping.HostId} outside, but there are none beyond {uint.MaxValue - 1}: make it smaller");
            for (var j = 0; j < i; j++)
            {
                if (Overlap(mapping.ContainerId, mapping.Size, mappings[j].ContainerId, mappings[j].Size))
                    throw Sentence.Invalid($"{member}[{i}] and {member}[{j}] overlap inside, but an id can be mapped once: change containerID or size");
                if (Overlap(mapping.HostId, mapping.Size, mappings[j].HostId, mappings[j].Size))
                    throw Sentence.Invalid($"{member}[{i}] and {member}[{j}] overlap outside, but an id can be mapped once: change hostID or size");
            }
        }
    }

    // containerd and CRI-O give both a namespace and its mappings, because runc once wanted them.
    private void CheckJoined(List<string> warnings)
    {
        if (linux?.UidMappings is null && linux?.GidMappings is null) return;
        if ((context.JoinedUidMappings is not null && !Same(context.JoinedUidMappings, linux.UidMappings))
            || (context.JoinedGidMappings is not null && !Same(context.JoinedGidMappings, linux.GidMappings)))
            throw Sentence.Invalid("linux.uidMappings and linux.gidMappings are not those of the user namespace that is joined: remove them, or the namespace's path");
        warnings.Add("linux.uidMappings and linux.gidMappings are ignored: the user namespace that is joined has its own");
    }

    private static void CheckRoot(IReadOnlyList<LinuxIdMapping>? mappings, string member)
    {
        if (mappings is []) throw Sentence.Invalid($"{member} is absent or empty, but the container has a user namespace, which needs ids: add a range from 0, or give the namespace a path to join");
        if (!Maps(mappings, 0)) throw Sentence.Invalid($"{member} has no id for 0, but a container needs its root: add a range from 0");
    }

    private static void CheckId(IReadOnlyList<LinuxIdMapping>? mappings, uint id, string member, string maps)
    {
        if (!Maps(mappings, id)) throw Unmapped(member, id, maps);
    }

    private static TareException Unmapped(string member, uint id, string maps) =>
        Sentence.Invalid($"{member} is {id}, which {maps} does not map, so that it is no id of the container's: add it there, or use one that is");

    private static bool Same(IReadOnlyList<LinuxIdMapping> joined, IReadOnlyList<LinuxIdMapping>? given)
    {
        if (joined.Count != (given?.Count ?? 0)) return false;
        for (var i = 0; i < joined.Count; i++)
        {
            if (joined[i] != given![i]) return false;
        }

        return true;
    }

    private static bool Fits(uint first, uint size) => (ulong)first + size <= uint.MaxValue;

    private static bool Overlap(ulong first, uint size, ulong other, uint otherSize) => first < other + otherSize && other < first + size;
}

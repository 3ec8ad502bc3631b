namespace Tare.Oci.Runtime.Validation;

/// <summary>Mounts (config.md, "Mounts").</summary>
internal static class MountChecks
{
    public static void Check(IReadOnlyList<MountSpec>? mounts, NamespaceSet namespaces, UserMappings users, SpecContext context, List<string> warnings)
    {
        for (var i = 0; i < mounts?.Count; i++)
        {
            var mount = mounts[i];
            CheckTexts(mount, i);
            if (mount.Destination.Length == 0) throw Sentence.Invalid($"mounts[{i}].destination is empty: set it to an absolute path inside the container");
            if (!Texts.IsAbsolute(mount.Destination))
                warnings.Add($"mounts[{i}].destination is \"{mount.Destination}\" and taken for \"/{mount.Destination}\": a relative path is deprecated");
            var isBind = Has(mount, "bind") || Has(mount, "rbind");
            if (isBind) CheckBind(mount, i);
            CheckIdMapping(mount, i, isBind, namespaces, context);
            if (context.Rootless) CheckOwner(mount, i, users);
        }
    }

    private static void CheckTexts(MountSpec mount, int i)
    {
        if (Texts.IsCut(mount.Destination)) throw Texts.Cut($"mounts[{i}].destination");
        if (Texts.IsCut(mount.Source)) throw Texts.Cut($"mounts[{i}].source");
        if (Texts.IsCut(mount.Type)) throw Texts.Cut($"mounts[{i}].type");
        for (var j = 0; j < mount.Options?.Count; j++)
        {
            if (Texts.IsCut(mount.Options[j])) throw Texts.Cut($"mounts[{i}].options[{j}]");
        }
    }

    // The kernel would ignore them without a word.
    private static void CheckBind(MountSpec mount, int i)
    {
        for (var j = 0; j < mount.Options!.Count; j++)
        {
            if (!MountOptionNames.IsKnown(mount.Options[j]))
                throw Sentence.Invalid($"mounts[{i}].options[{j}] is \"{mount.Options[j]}\", an option of a filesystem, but a bind mount at {mount.Destination} shows one that is mounted already: remove it");
        }
    }

    private static void CheckIdMapping(MountSpec mount, int i, bool isBind, NamespaceSet namespaces, SpecContext context)
    {
        var isMapped = mount.UidMappings is not null || mount.GidMappings is not null;
        if (!isMapped && !Has(mount, "idmap") && !Has(mount, "ridmap")) return;
        if (!isBind)
            throw Sentence.Invalid($"mounts[{i}] at {mount.Destination} has ids mapped, but is no bind mount: add the option bind or rbind, or remove the mappings");
        if (context.Rootless)
            throw Sentence.Invalid($"mounts[{i}] at {mount.Destination} has ids mapped, which a user who is not root cannot do: remove the mappings");
        if (isMapped)
        {
            UserMappings.CheckRanges(mount.UidMappings, $"mounts[{i}].uidMappings");
            UserMappings.CheckRanges(mount.GidMappings, $"mounts[{i}].gidMappings");
            if (mount.UidMappings is null or [] || mount.GidMappings is null or [])
                throw Sentence.Invalid($"mounts[{i}] at {mount.Destination} has ids mapped, but needs both uidMappings and gidMappings: add what is missing");
        }
        else if (!namespaces.Has(LinuxNamespaceTypes.User))
        {
            throw Sentence.Invalid($"mounts[{i}] at {mount.Destination} has the option idmap or ridmap, but no mappings, and there is no user namespace to take them from: add uidMappings and gidMappings");
        }
    }

    private static void CheckOwner(MountSpec mount, int i, UserMappings users)
    {
        for (var j = 0; j < mount.Options?.Count; j++)
        {
            var option = mount.Options[j];
            var mappings = option.StartsWith("uid=", StringComparison.Ordinal) ? users.Uids : option.StartsWith("gid=", StringComparison.Ordinal) ? users.Gids : null;
            if (mappings is null || !uint.TryParse(option.AsSpan(4), out var id)) continue;
            if (!UserMappings.Maps(mappings, id))
                throw Sentence.Invalid($"mounts[{i}].options[{j}] is \"{option}\", but the user namespace does not map this id: remove the option, or map the id");
        }
    }

    private static bool Has(MountSpec mount, string option)
    {
        for (var i = 0; i < mount.Options?.Count; i++)
        {
            if (mount.Options[i] == option) return true;
        }

        return false;
    }
}

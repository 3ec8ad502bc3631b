using Tare.Errors;
using Tare.Volumes;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>
/// Reads <c>-v</c>, <c>--mount</c>, <c>--tmpfs</c> and <c>--volumes-from</c>. Nothing is made here: volumes have no directories yet, and
/// anonymous ones no names.
/// </summary>
internal static class MountParser
{
    private const string DefaultPropagation = "rprivate";
    private static readonly string[] DefaultTmpfsOptions = ["noexec", "nosuid", "nodev"];

    /// <summary>All mounts that a container's configuration asks for.</summary>
    /// <param name="host">The configuration.</param>
    /// <param name="volumes">Places of anonymous volumes, the request's and the image's.</param>
    /// <param name="inherited">Mounts of another container, for <c>--volumes-from</c>.</param>
    /// <exception cref="TareException">One is malformed, or two have the same target.</exception>
    public static IReadOnlyList<ContainerMount> Parse(HostConfig host, IEnumerable<string> volumes, Func<string, IReadOnlyList<ContainerMount>> inherited)
    {
        var mounts = new Dictionary<string, ContainerMount>(StringComparer.Ordinal);
        foreach (var from in host.VolumesFrom ?? [])
        {
            var (container, readOnly) = ParseVolumesFrom(from);
            foreach (var mount in inherited(container).Where(mount => !mount.FromTmpfsOption))
                mounts[mount.Target] = mount with { ReadOnly = mount.ReadOnly || readOnly, Mode = "", ChangeOwner = false, Volume = mount.Volume is null ? null : mount.Volume with { NoCopy = true } };
        }
        var own = new HashSet<string>(StringComparer.Ordinal);
        foreach (var bind in host.Binds ?? [])
        {
            var mount = ParseBind(bind, host.VolumeDriver);
            if (host.Tmpfs?.ContainsKey(mount.Target) == true || !own.Add(mount.Target)) throw Duplicate(mount.Target);
            mounts[mount.Target] = mount;
        }
        foreach (var specification in host.Mounts ?? [])
        {
            var mount = ParseMount(specification);
            if (!own.Add(mount.Target)) throw Duplicate(specification.Target!);
            mounts[mount.Target] = mount;
        }
        foreach (var (target, options) in host.Tmpfs ?? new Dictionary<string, string>())
        {
            var mount = ParseTmpfs(target, options);
            mounts[mount.Target] = mount;
        }
        foreach (var place in volumes)
        {
            var target = CleanPath(place);
            if (target == "/") throw TareException.Invalid("invalid volume specification: '/': invalid mount config for type \"volume\": invalid specification: destination can't be '/'");
            if (mounts.ContainsKey(target)) continue;
            mounts[target] = new ContainerMount { Type = "volume", Target = target, Volume = new VolumeMount { Anonymous = true, Driver = host.VolumeDriver } };
        }
        // A mount below another one must come after it.
        return [.. mounts.Values.OrderBy(mount => mount.Target.Count(c => c == '/')).ThenBy(mount => mount.Target, StringComparer.Ordinal)];
    }

    /// <summary>Reads <c>SOURCE:TARGET[:MODE]</c>.</summary>
    internal static ContainerMount ParseBind(string text, string volumeDriver = "")
    {
        var parts = text.Split(':');
        if (parts[0].Length == 0 || parts.Length > 3) throw InvalidSpecification(text);
        if (parts.Length == 1) parts = ["", text];
        if (parts.Length == 2 && MountMode.Parse(parts[1]) is not null) throw InvalidSpecification(text);
        var words = parts.Length == 3 ? parts[2] : "";
        var mode = MountMode.Parse(words) ?? throw TareException.Invalid($"invalid mode: {words}");
        if (parts[1].Length == 0) throw InvalidSpecification(text);
        CheckOwners(mode.ChangeOwner, mode.IdMap);
        try
        {
            ValidateTarget(parts[0] is ['/', ..] ? "bind" : "volume", parts[1]);
        }
        catch (TareException e)
        {
            throw TareException.Invalid($"invalid volume specification: '{text}': {e.Message}");
        }
        if (parts[0] is not ['/', ..])
        {
            if (parts[0].Length > 0) VolumeName.Check(parts[0]);
            if (mode.Propagation is not null) throw TareException.Invalid($"invalid volume specification: '{text}': invalid mount config for type \"volume\": field BindOptions must not be specified");
            return new ContainerMount
            {
                Type = "volume",
                Target = CleanPath(parts[1]),
                ReadOnly = mode.ReadOnly,
                ChangeOwner = mode.ChangeOwner,
                IdMap = mode.IdMap ?? "",
                Mode = words,
                Volume = new VolumeMount { Name = parts[0], Anonymous = parts[0].Length == 0, NoCopy = mode.NoCopy, Driver = volumeDriver },
            };
        }
        return new ContainerMount
        {
            Type = "bind",
            Source = CleanPath(parts[0]),
            Target = CleanPath(parts[1]),
            ReadOnly = mode.ReadOnly,
            ChangeOwner = mode.ChangeOwner,
            IdMap = mode.IdMap ?? "",
            Propagation = mode.Propagation ?? DefaultPropagation,
            Mode = words,
            CreateSource = true,
        };
    }

    private static ContainerMount ParseMount(Mount mount)
    {
        var type = mount.Type ?? "";
        if (string.IsNullOrEmpty(mount.Target)) throw Invalid(type, "field Target must not be empty");
        ValidateTarget(type, mount.Target);
        if (mount.ChangeOwner && type is not ("bind" or "volume")) throw Invalid(type, "field ChangeOwner must not be specified");
        if (mount.IdMap is not null && type is not ("bind" or "volume")) throw Invalid(type, "field IdMap must not be specified");
        CheckOwners(mount.ChangeOwner, mount.IdMap);
        switch (type)
        {
            case "bind":
                return ParseBindMount(mount);
            case "tmpfs":
                if (mount.BindOptions is not null) throw Invalid(type, "field BindOptions must not be specified");
                if (mount.ImageOptions is not null) throw Invalid(type, "field ImageOptions must not be specified");
                if (mount.Source is not null) throw Invalid(type, "field Source must not be specified");
                return new ContainerMount
                {
                    Type = "tmpfs",
                    Target = CleanPath(mount.Target),
                    ReadOnly = mount.ReadOnly,
                    Options = TmpfsOptions(mount),
                };
            case "volume":
                return ParseVolumeMount(mount);
            case "image":
                return ParseImageMount(mount);
            case "cluster" or "npipe":
                throw TareException.NotImplemented($"mounts of type \"{type}\" are not supported: use type bind, volume, image or tmpfs");
            default:
                throw Invalid(type, "mount type unknown");
        }
    }

    private static ContainerMount ParseBindMount(Mount mount)
    {
        if (string.IsNullOrEmpty(mount.Source)) throw Invalid("bind", "field Source must not be empty");
        var options = mount.BindOptions;
        if (options?.Propagation is { } propagation && !MountMode.IsPropagation(propagation)) throw Invalid("bind", $"invalid propagation mode: {propagation}");
        if (mount.VolumeOptions is not null) throw Invalid("bind", "field VolumeOptions must not be specified");
        if (mount.ImageOptions is not null) throw Invalid("bind", "field ImageOptions must not be specified");
        if (mount.Source[0] != '/') throw Invalid("bind", $"invalid mount path: '{mount.Source}' mount path must be absolute");
        CheckReadOnly(mount.ReadOnly, options);
        var create = options?.CreateMountpoint == true;
        if (!create && !Path.Exists(mount.Source)) throw Invalid("bind", $"bind source path does not exist: {mount.Source}");
        return new ContainerMount
        {
            Type = "bind",
            Source = CleanPath(mount.Source),
            Target = CleanPath(mount.Target!),
            ReadOnly = mount.ReadOnly,
            ChangeOwner = mount.ChangeOwner,
            IdMap = mount.IdMap ?? "",
            Propagation = options?.Propagation ?? DefaultPropagation,
            NonRecursive = options?.NonRecursive == true,
            ReadOnlyNonRecursive = options?.ReadOnlyNonRecursive == true,
            CreateSource = create,
        };
    }

    /// <summary>
    /// Read-only is recursive where nothing else is said. To insist on it adds nothing: every kernel that the engine runs on can do it
    /// (mount_setattr(2), 5.12), and a launch that cannot is refused.
    /// </summary>
    private static void CheckReadOnly(bool readOnly, MountBindOptions? options)
    {
        if (options is null) return;
        if (!readOnly && options.ReadOnlyNonRecursive) throw TareException.Invalid("mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive");
        if (!readOnly && options.ReadOnlyForceRecursive) throw TareException.Invalid("mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive");
        if (options is { ReadOnlyNonRecursive: true, ReadOnlyForceRecursive: true })
            throw TareException.Invalid("mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive");
    }

    private static ContainerMount ParseVolumeMount(Mount mount)
    {
        const string type = "volume";
        var options = mount.VolumeOptions;
        if (mount.BindOptions is not null) throw Invalid(type, "field BindOptions must not be specified");
        if (mount.ImageOptions is not null) throw Invalid(type, "field ImageOptions must not be specified");
        if (mount.TmpfsOptions is not null) throw Invalid(type, "field TmpfsOptions must not be specified");
        var name = mount.Source ?? "";
        var subpath = options?.Subpath ?? "";
        if (name.Length == 0 && subpath.Length > 0) throw Invalid(type, "must not set Subpath when using anonymous volumes");
        if (!IsWithin(subpath)) throw Invalid(type, "subpath must be a relative path within the volume");
        if (name.Length == 0 && mount.ReadOnly) throw Invalid(type, "must not set ReadOnly mode when using anonymous volumes");
        if (name.Length > 0) VolumeName.Check(name);
        return new ContainerMount
        {
            Type = type,
            Target = CleanPath(mount.Target!),
            ReadOnly = mount.ReadOnly,
            ChangeOwner = mount.ChangeOwner,
            IdMap = mount.IdMap ?? "",
            Mode = "z",
            Volume = new VolumeMount
            {
                Name = name,
                Anonymous = name.Length == 0,
                NoCopy = options?.NoCopy == true,
                Subpath = subpath,
                Driver = options?.DriverConfig?.Name ?? "",
                Labels = options?.Labels,
                Options = options?.DriverConfig?.Options,
            },
        };
    }

    /// <summary>It is read-only, whether or not that was said, as with Docker.</summary>
    private static ContainerMount ParseImageMount(Mount mount)
    {
        const string type = "image";
        if (string.IsNullOrEmpty(mount.Source)) throw Invalid(type, "field Source must not be empty");
        if (mount.BindOptions is not null) throw Invalid(type, "field BindOptions must not be specified");
        if (mount.VolumeOptions is not null) throw Invalid(type, "field VolumeOptions must not be specified");
        if (mount.TmpfsOptions is not null) throw Invalid(type, "field TmpfsOptions must not be specified");
        var subpath = mount.ImageOptions?.Subpath ?? "";
        if (!IsWithin(subpath)) throw Invalid(type, "subpath must be a relative path within the volume");
        return new ContainerMount
        {
            Type = type,
            Target = CleanPath(mount.Target!),
            ReadOnly = true,
            Propagation = DefaultPropagation,
            Image = new ImageMount { Name = mount.Source, Subpath = CleanPath(subpath)[1..] },
        };
    }

    private static ContainerMount ParseTmpfs(string target, string options)
    {
        if (WrongTarget(target) is { } why) throw TareException.Invalid(why);
        var given = options.Split(',', StringSplitOptions.RemoveEmptyEntries);
        return new ContainerMount
        {
            Type = "tmpfs",
            Target = CleanPath(target),
            ReadOnly = given.Contains("ro"),
            Options = [.. WithDefaults(given.Where(option => option is not ("ro" or "rw")))],
            FromTmpfsOption = true,
        };
    }

    private static IReadOnlyList<string> TmpfsOptions(Mount mount)
    {
        var given = new List<string>();
        foreach (var option in mount.TmpfsOptions?.Options ?? [])
        {
            if (option.Count is < 1 or > 2) throw Invalid("tmpfs", "invalid option array length");
            if (option[0] is not ("exec" or "noexec")) throw Invalid("tmpfs", "invalid option: " + option[0]);
            given.Add(string.Join('=', option));
        }
        if (mount.TmpfsOptions is { Mode: > 0 } m) given.Add("mode=" + Convert.ToString(m.Mode, 8));
        if (mount.TmpfsOptions is { SizeBytes: not 0 } s) given.Add($"size={s.SizeBytes}");
        return [.. WithDefaults(given)];
    }

    /// <summary>A tmpfs runs no programs and has no devices unless it is told otherwise.</summary>
    private static IEnumerable<string> WithDefaults(IEnumerable<string> given)
    {
        var options = given.ToList();
        return DefaultTmpfsOptions.Where(word => !options.Contains(word) && !options.Contains(word[2..])).Concat(options);
    }

    private static (string Container, bool ReadOnly) ParseVolumesFrom(string text)
    {
        if (text.Length == 0) throw TareException.Invalid("volumes-from specification cannot be an empty string");
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || colon == text.Length - 1) return (text.TrimEnd(':'), false);
        var words = text[(colon + 1)..];
        return MountMode.Parse(words) is { Propagation: null, NoCopy: false, ChangeOwner: false, IdMap: null } mode ? (text[..colon], mode.ReadOnly) : throw TareException.Invalid($"invalid mode: {words}");
    }

    private static void CheckOwners(bool change, string? map)
    {
        if (map is null) return;
        _ = IdMapOption.Parse(map);
        if (change) throw TareException.Invalid("conflicting options: U gives the files to the container's user, and idmap shows them as if they were his: leave one of them out");
    }

    private static void ValidateTarget(string type, string target)
    {
        if (WrongTarget(target) is { } why) throw Invalid(type, why);
    }

    /// <summary>Whether a path, as it is written, is relative and never leads above its start.</summary>
    private static bool IsWithin(string path)
    {
        if (path.StartsWith('/')) return false;
        var depth = 0;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part != ".") depth += part == ".." ? -1 : 1;
            if (depth < 0) return false;
        }
        return true;
    }

    private static string? WrongTarget(string target) =>
        CleanPath("/" + target) == "/" ? "invalid specification: destination can't be '/'"
        : target[0] != '/' ? $"invalid mount path: '{target}' mount path must be absolute"
        : null;

    /// <summary>A path without empty parts, <c>.</c> and <c>..</c>.</summary>
    internal static string CleanPath(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".") continue;
            if (part != "..") parts.Add(part);
            else if (parts.Count > 0) parts.RemoveAt(parts.Count - 1);
        }
        return "/" + string.Join('/', parts);
    }

    private static TareException InvalidSpecification(string text) => TareException.Invalid($"invalid volume specification: '{text}'");

    private static TareException Invalid(string type, string why) => TareException.Invalid($"invalid mount config for type \"{type}\": {why}");

    private static TareException Duplicate(string target) => TareException.Invalid("Duplicate mount point: " + target);
}

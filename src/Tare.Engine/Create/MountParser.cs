using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Create;

/// <summary>
/// Reads <c>-v</c>, <c>--mount</c> and <c>--tmpfs</c>. Volumes are refused until they exist: a mount that lost its data would be worse.
/// </summary>
internal static class MountParser
{
    private const string DefaultPropagation = "rprivate";
    private static readonly string[] Propagations = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];
    private static readonly string[] DefaultTmpfsOptions = ["noexec", "nosuid", "nodev"];

    /// <summary>All mounts that a container's configuration asks for.</summary>
    /// <param name="host">The configuration.</param>
    /// <param name="inherited">Mounts of another container, for <c>--volumes-from</c>.</param>
    /// <exception cref="TareException">One is malformed, two have the same target, or one is a volume.</exception>
    public static IReadOnlyList<ContainerMount> Parse(HostConfig host, Func<string, IReadOnlyList<ContainerMount>> inherited)
    {
        var mounts = new Dictionary<string, ContainerMount>(StringComparer.Ordinal);
        foreach (var from in host.VolumesFrom ?? [])
        {
            var (container, readOnly) = ParseVolumesFrom(from);
            foreach (var mount in inherited(container).Where(mount => !mount.FromTmpfsOption))
                mounts[mount.Target] = mount with { ReadOnly = mount.ReadOnly || readOnly, Mode = "" };
        }
        var own = new HashSet<string>(StringComparer.Ordinal);
        foreach (var bind in host.Binds ?? [])
        {
            var mount = ParseBind(bind);
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
        // A mount below another one must come after it.
        return [.. mounts.Values.OrderBy(mount => mount.Target.Count(c => c == '/')).ThenBy(mount => mount.Target, StringComparer.Ordinal)];
    }

    /// <summary>Reads <c>SOURCE:TARGET[:MODE]</c>.</summary>
    internal static ContainerMount ParseBind(string text)
    {
        var parts = text.Split(':');
        if (parts[0].Length == 0 || parts.Length > 3) throw InvalidSpecification(text);
        if (parts.Length == 1) throw VolumesNotYet($"anonymous volume for {text}");
        if (parts.Length == 2 && ModeOf(parts[1]) is not null) throw InvalidSpecification(text);
        var words = parts.Length == 3 ? parts[2] : "";
        var mode = ModeOf(words) ?? throw TareException.Invalid($"invalid mode: {words}");
        if (parts[1].Length == 0) throw InvalidSpecification(text);
        try
        {
            ValidateTarget("bind", parts[1]);
        }
        catch (TareException e)
        {
            throw TareException.Invalid($"invalid volume specification: '{text}': {e.Message}");
        }
        if (parts[0][0] != '/')
        {
            // Docker reads a name with a slash as one that has characters which a name cannot have.
            if (!IsVolumeName(parts[0]))
            {
                throw TareException.Invalid(
                    $"create {parts[0]}: \"{parts[0]}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
            }
            throw VolumesNotYet($"volume {parts[0]}");
        }
        return new ContainerMount
        {
            Type = "bind",
            Source = CleanPath(parts[0]),
            Target = CleanPath(parts[1]),
            ReadOnly = mode.ReadOnly,
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
                throw VolumesNotYet(mount.Source is null ? $"anonymous volume for {mount.Target}" : $"volume {mount.Source}");
            case "image" or "cluster" or "npipe":
                throw TareException.NotImplemented($"mounts of type \"{type}\" are not supported: use type bind or tmpfs");
            default:
                throw Invalid(type, "mount type unknown");
        }
    }

    private static ContainerMount ParseBindMount(Mount mount)
    {
        if (string.IsNullOrEmpty(mount.Source)) throw Invalid("bind", "field Source must not be empty");
        var options = mount.BindOptions;
        if (options?.Propagation is { } propagation && !Propagations.Contains(propagation)) throw Invalid("bind", $"invalid propagation mode: {propagation}");
        if (mount.VolumeOptions is not null) throw Invalid("bind", "field VolumeOptions must not be specified");
        if (mount.ImageOptions is not null) throw Invalid("bind", "field ImageOptions must not be specified");
        if (mount.Source[0] != '/') throw Invalid("bind", $"invalid mount path: '{mount.Source}' mount path must be absolute");
        var create = options?.CreateMountpoint == true;
        if (!create && !Path.Exists(mount.Source)) throw Invalid("bind", $"bind source path does not exist: {mount.Source}");
        return new ContainerMount
        {
            Type = "bind",
            Source = CleanPath(mount.Source),
            Target = CleanPath(mount.Target!),
            ReadOnly = mount.ReadOnly,
            Propagation = options?.Propagation ?? DefaultPropagation,
            Recursive = options?.NonRecursive != true,
            CreateSource = create,
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
        return ModeOf(words) is { Propagation: null, Copies: false } mode ? (text[..colon], mode.ReadOnly) : throw TareException.Invalid($"invalid mode: {words}");
    }

    /// <summary>Reads the words of a mode, such as <c>ro,rslave,z</c>; null when it is none. Of each sort one word is allowed.</summary>
    private static Mode? ModeOf(string words)
    {
        if (words.Length == 0) return new Mode(false, null, false);
        string? access = null, propagation = null, label = null, copy = null, consistency = null;
        foreach (var word in words.Split(','))
        {
            bool first;
            switch (word)
            {
                case "rw" or "ro":
                    (first, access) = (access is null, word);
                    break;
                case "z" or "Z":
                    (first, label) = (label is null, word);
                    break;
                case "nocopy":
                    (first, copy) = (copy is null, word);
                    break;
                case "consistent" or "cached" or "delegated":
                    (first, consistency) = (consistency is null, word);
                    break;
                default:
                    if (!Propagations.Contains(word)) return null;
                    (first, propagation) = (propagation is null, word);
                    break;
            }
            if (!first) return null;
        }
        return new Mode(access == "ro", propagation, copy is not null);
    }

    private static void ValidateTarget(string type, string target)
    {
        if (WrongTarget(target) is { } why) throw Invalid(type, why);
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

    private static bool IsVolumeName(string name) => name.Length > 1 && ContainerName.IsValid(name);

    private static TareException InvalidSpecification(string text) => TareException.Invalid($"invalid volume specification: '{text}'");

    private static TareException Invalid(string type, string why) => TareException.Invalid($"invalid mount config for type \"{type}\": {why}");

    private static TareException Duplicate(string target) => TareException.Invalid("Duplicate mount point: " + target);

    private static TareException VolumesNotYet(string what) =>
        TareException.NotImplemented($"cannot mount {what}: volumes are not supported yet; bind a directory of the host instead (-v /path:/target)");

    private sealed record Mode(bool ReadOnly, string? Propagation, bool Copies);
}

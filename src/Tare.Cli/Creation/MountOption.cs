using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Wire;

namespace Tare.Cli.Creation;

/// <summary>--mount: <c>type=bind,source=/a,target=/b,readonly</c>.</summary>
internal static class MountOption
{
    /// <param name="value">The value of the option.</param>
    /// <param name="warn">Takes warnings.</param>
    /// <param name="mount">What was asked for.</param>
    /// <returns>What is wrong with it; null when it was read.</returns>
    public static string? TryParse(string value, Action<string> warn, out Mount mount)
    {
        mount = new Mount { Type = "volume" };
        if (CsvRecord.TryParse(value, out var fields) is { } error) return error;
        foreach (var field in fields)
        {
            if ((error = Field(mount, field, warn)) is not null) return error;
        }

        return Check(mount);
    }

    private static string? Field(Mount mount, string field, Action<string> warn)
    {
        var equals = field.IndexOf('=', StringComparison.Ordinal);
        var key = (equals < 0 ? field : field[..equals]).ToLowerInvariant();
        if (equals < 0)
        {
            switch (key)
            {
                case "readonly" or "ro":
                    mount.ReadOnly = true;
                    return null;
                case "u" or "chown":
                    mount.ChangeOwner = true;
                    return null;
                case "idmap":
                    return "idmap needs to be told which ids are which, such as idmap=uids=1000-0-1;gids=1000-0-1";
                case "volume-nocopy":
                    Volume(mount).NoCopy = true;
                    return null;
                case "bind-nonrecursive":
                    Bind(mount).NonRecursive = true;
                    return null;
                case "bind-create-src":
                    Bind(mount).CreateMountpoint = true;
                    return null;
                default:
                    return $"invalid field '{field}' must be a key=value pair";
            }
        }

        var value = field[(equals + 1)..];
        var invalid = $"invalid value for {key}: {value}";
        switch (key)
        {
            case "type":
                mount.Type = value.ToLowerInvariant();
                return null;
            case "source" or "src":
                mount.Source = value is ['.', ..] ? Path.GetFullPath(value) : value;
                return null;
            case "target" or "dst" or "destination":
                mount.Target = value;
                return null;
            case "readonly" or "ro":
                if (!SwitchFlag.TryParse(value, out var readOnly)) return invalid;
                mount.ReadOnly = readOnly;
                return null;
            case "u" or "chown":
                if (!SwitchFlag.TryParse(value, out var changeOwner)) return invalid;
                mount.ChangeOwner = changeOwner;
                return null;
            case "idmap":
                if (value.Length == 0) return invalid;
                mount.IdMap = value;
                return null;
            case "consistency":
                mount.Consistency = value.ToLowerInvariant();
                return null;
            case "bind-propagation":
                Bind(mount).Propagation = value.ToLowerInvariant();
                return null;
            case "bind-nonrecursive":
                if (!SwitchFlag.TryParse(value, out var nonRecursive)) return invalid;
                Bind(mount).NonRecursive = nonRecursive;
                warn("bind-nonrecursive is deprecated, use bind-recursive=disabled instead");
                return null;
            case "bind-create-src":
                if (!SwitchFlag.TryParse(value, out var create)) return invalid;
                Bind(mount).CreateMountpoint = create;
                return null;
            case "bind-recursive":
                return Recursive(mount, value);
            case "volume-subpath":
                Volume(mount).Subpath = value;
                return null;
            case "volume-nocopy":
                if (!SwitchFlag.TryParse(value, out var noCopy)) return invalid;
                Volume(mount).NoCopy = noCopy;
                return null;
            case "volume-label":
                Volume(mount).Labels = With(Volume(mount).Labels, value);
                return null;
            case "volume-driver":
                Driver(mount).Name = value;
                return null;
            case "volume-opt":
                Driver(mount).Options = With(Driver(mount).Options, value);
                return null;
            case "image-subpath":
                (mount.ImageOptions ??= new()).Subpath = value;
                return null;
            case "tmpfs-size":
                if (Units.TryParseSize(value, out var size) is not null) return invalid;
                (mount.TmpfsOptions ??= new()).SizeBytes = size;
                return null;
            case "tmpfs-mode":
                uint mode = 0;
                foreach (var digit in value)
                {
                    if (digit is < '0' or > '7' || mode > uint.MaxValue >> 3) return invalid;
                    mode = (mode << 3) | (uint)(digit - '0');
                }

                if (value.Length == 0) return invalid;
                (mount.TmpfsOptions ??= new()).Mode = mode;
                return null;
            default:
                return $"unexpected key '{key}' in '{field}'";
        }
    }

    private static string? Recursive(Mount mount, string value)
    {
        switch (value)
        {
            case "enabled":
                return null;
            case "disabled":
                Bind(mount).NonRecursive = true;
                return null;
            case "writable":
                Bind(mount).ReadOnlyNonRecursive = true;
                return null;
            case "readonly":
                Bind(mount).ReadOnlyForceRecursive = true;
                return null;
            default:
                return $"invalid value for bind-recursive: {value} (must be \"enabled\", \"disabled\", \"writable\", or \"readonly\")";
        }
    }

    private static string? Check(Mount mount)
    {
        if (string.IsNullOrEmpty(mount.Type)) return "type is required";
        if (string.IsNullOrEmpty(mount.Target)) return "target is required";
        if (mount.VolumeOptions is not null && mount.Type != "volume") return $"cannot mix 'volume-*' options with mount type '{mount.Type}'";
        if (mount.ImageOptions is not null && mount.Type != "image") return $"cannot mix 'image-*' options with mount type '{mount.Type}'";
        if (mount.BindOptions is not null && mount.Type != "bind") return $"cannot mix 'bind-*' options with mount type '{mount.Type}'";
        if (mount.TmpfsOptions is not null && mount.Type != "tmpfs") return $"cannot mix 'tmpfs-*' options with mount type '{mount.Type}'";
        if (mount.BindOptions is { ReadOnlyNonRecursive: true } && !mount.ReadOnly) return "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction";
        if (mount.BindOptions is not { ReadOnlyForceRecursive: true }) return null;
        if (!mount.ReadOnly) return "option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction";
        return mount.BindOptions.Propagation == "rprivate" ? null : "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction";
    }

    private static MountBindOptions Bind(Mount mount) => mount.BindOptions ??= new();

    private static MountVolumeOptions Volume(Mount mount) => mount.VolumeOptions ??= new();

    private static MountDriver Driver(Mount mount) => Volume(mount).DriverConfig ??= new();

    private static Dictionary<string, string>? With(IReadOnlyDictionary<string, string>? map, string pair)
    {
        var result = map is null ? [] : new Dictionary<string, string>(map);
        var equals = pair.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? pair : pair[..equals];
        if (name.Length > 0) result[name] = equals < 0 ? "" : pair[(equals + 1)..];
        return result;
    }
}

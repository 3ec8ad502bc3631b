using Tare.Errors;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>A systemd unit for a container and the slice that it is in, from <c>linux.cgroupsPath</c> of the form <c>SLICE:PREFIX:NAME</c>.</summary>
/// <param name="Slice">The slice; null for the manager's own choice.</param>
/// <param name="Unit">The unit: a scope, or a slice of that name.</param>
/// <param name="Name">The container's name in it.</param>
internal sealed record UnitName(string? Slice, string Unit, string Name)
{
    private const string SliceSuffix = ".slice";

    /// <summary>Whether the unit is a slice, which has no processes of its own.</summary>
    public bool IsSlice => Unit.EndsWith(SliceSuffix, StringComparison.Ordinal);

    /// <summary>Whether a path has the form that systemd's have.</summary>
    public static bool IsForm(string cgroupsPath) => cgroupsPath.Split(':').Length == 3;

    /// <summary>Reads the path; without one the unit is named after the container.</summary>
    /// <exception cref="TareException">It has another form.</exception>
    public static UnitName Of(string? cgroupsPath, string id)
    {
        if (string.IsNullOrEmpty(cgroupsPath)) return new UnitName(null, Checked($"tare-{id}.scope"), id);
        if (cgroupsPath.Split(':') is not [var slice, var prefix, var name])
            throw TareException.Invalid($"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, got \"{cgroupsPath}\" instead");
        if (slice.Length > 0) Expand(slice);
        return new UnitName(slice.Length > 0 ? slice : null, Checked(name.EndsWith(SliceSuffix, StringComparison.Ordinal) ? name : $"{prefix}-{name}.scope"), name);
    }

    /// <summary>The path of a slice's group: dashes are levels, so that <c>a-b.slice</c> is <c>/a.slice/a-b.slice</c> (systemd.slice(5)).</summary>
    /// <exception cref="TareException">It is no name of a slice.</exception>
    public static string Expand(string slice)
    {
        if (!slice.EndsWith(SliceSuffix, StringComparison.Ordinal) || slice.Contains('/', StringComparison.Ordinal)) throw Invalid(slice);
        var name = slice[..^SliceSuffix.Length];
        if (name == "-") return "";
        var path = "";
        for (var dash = 0; dash >= 0;)
        {
            dash = name.IndexOf('-', dash);
            var level = dash < 0 ? name : name[..dash];
            if (level.Length == 0 || level.EndsWith('-')) throw Invalid(slice);
            path = string.Concat(path, "/", level, SliceSuffix);
            if (dash >= 0) dash++;
            if (dash == name.Length) throw Invalid(slice);
        }
        return path;
    }

    /// <summary>The path of the unit's group below the manager's own.</summary>
    public string PathIn(string defaultSlice) => string.Concat(Expand(Slice ?? defaultSlice), "/", Unit);

    /// <summary>The name becomes that of a directory.</summary>
    private static string Checked(string unit) => unit.Length > 255 || unit.Contains('/', StringComparison.Ordinal) || unit.Contains('\0', StringComparison.Ordinal)
        ? throw TareException.Invalid($"invalid unit name: {unit}; systemd takes at most 255 letters and no slash")
        : unit;

    private static TareException Invalid(string slice) => TareException.Invalid($"invalid slice name: {slice}; write it as a-b.slice");
}

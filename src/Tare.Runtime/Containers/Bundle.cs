using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Containers;

/// <summary>A directory with a <c>config.json</c> in it (bundle.md).</summary>
/// <param name="Path">Its absolute path.</param>
/// <param name="Json">The configuration as it was read.</param>
/// <param name="Spec">The same, understood.</param>
internal sealed record Bundle(string Path, byte[] Json, Spec Spec)
{
    private const string ConfigName = "config.json";

    /// <summary>The longest configuration that is read: containers with thousands of mounts stay far below.</summary>
    private const int LongestConfig = 16 << 20;

    /// <exception cref="TareException">There is none, or it cannot be understood.</exception>
    public static Bundle Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        var file = $"{path}/{ConfigName}";
        // Looked at before it is opened: a pipe would wait for a writer, and to open a device can be an act.
        using var place = Paths.TryOpen(Paths.CurrentDirectory, file, OpenFlags.Path, Resolve.None, out var error)
            ?? throw (error == Errno.ENOENT
                ? TareException.Invalid($"JSON specification file {file} not found: say --bundle DIR, or make one with the verb spec")
                : TareException.Invalid($"cannot read the configuration {file}: {Errno.Describe(error)}"));
        if (FileStatuses.Of(place) is not { IsRegular: true }) throw TareException.Invalid($"the configuration {file} is no regular file");
        using var fd = Paths.TryOpen(Paths.CurrentDirectory, place.ProcPath, OpenFlags.ReadOnly, Resolve.None, out error)
            ?? throw TareException.Invalid($"cannot read the configuration {file}: {Errno.Describe(error)}");
        byte[] json;
        try
        {
            json = FileContent.ReadToEnd(fd, LongestConfig);
        }
        catch (LinuxException e) when (e.Error == Errno.EFBIG)
        {
            throw TareException.Invalid($"the configuration {file} is longer than {LongestConfig} bytes", e);
        }
        return new Bundle(path, json, SpecReader.Read(json, ConfigName));
    }

    /// <summary>Where the root filesystem is, its links followed.</summary>
    /// <exception cref="TareException">There is none.</exception>
    public string FindRootfs()
    {
        var wanted = Spec.Root?.Path is { Length: > 0 } given ? given : throw TareException.Invalid("config.json: root.path is missing: name the directory of the root filesystem");
        var path = wanted.StartsWith('/') ? wanted : $"{Path}/{wanted}";
        using var directory = Paths.TryOpen(Paths.CurrentDirectory, path, OpenFlags.Path | Paths.Directory, Resolve.None, out var error)
            ?? throw TareException.Invalid($"invalid rootfs: cannot open the directory {path}: {Errno.Describe(error)}");
        return Paths.ReadLinkOf(directory.ProcPath) ?? throw TareException.Internal($"the directory {path} has no path in this mount namespace");
    }
}

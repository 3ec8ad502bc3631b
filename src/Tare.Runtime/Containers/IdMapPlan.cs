using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>How the ids of a user namespace get mapped: by the launcher, or, for an ordinary user, by newuidmap(1) and newgidmap(1).</summary>
internal static class IdMapPlan
{
    /// <summary>The maps of a new user namespace.</summary>
    public static IdMaps Of(LinuxSpec linux, bool unprivileged)
    {
        var (users, groups) = (linux.UidMappings ?? [], linux.GidMappings ?? []);
        // Of himself alone an ordinary user may make a map, once nobody in there can drop a group.
        var alone = unprivileged && IsAlone(users, UserIds.Effective) && IsAlone(groups, UserIds.EffectiveGroup);
        return new IdMaps(Format(users), Format(groups), alone, unprivileged && !alone, HasRoot(users) && HasRoot(groups));
    }

    /// <summary>Has the setuid programs of the package uidmap map a range of ids that the administrator has given this user.</summary>
    /// <exception cref="TareException">They are missing, or refuse.</exception>
    public static void MapByHelpers(LinuxSpec linux, int pid)
    {
        Run("newuidmap", pid, linux.UidMappings ?? []);
        Run("newgidmap", pid, linux.GidMappings ?? []);
    }

    private static bool IsAlone(IReadOnlyList<LinuxIdMapping> maps, uint id) => maps is [{ Size: 1 } only] && only.HostId == id;

    private static bool HasRoot(IReadOnlyList<LinuxIdMapping> maps)
    {
        foreach (var map in maps)
        {
            if (map.ContainerId == 0 && map.Size > 0) return true;
        }
        return false;
    }

    /// <summary>Mappings as the kernel reads them.</summary>
    public static string Format(IReadOnlyList<LinuxIdMapping> maps)
    {
        var text = new StringBuilder();
        foreach (var map in maps) text.Append(CultureInfo.InvariantCulture, $"{map.ContainerId} {map.HostId} {map.Size}\n");
        return text.ToString();
    }

    private static void Run(string program, int pid, IReadOnlyList<LinuxIdMapping> maps)
    {
        var arguments = new List<string> { program, Text(pid) };
        foreach (var map in maps) arguments.AddRange([Text(map.ContainerId), Text(map.HostId), Text(map.Size)]);
        using var nothing = RegularFiles.OpenNull();
        using var output = Descriptors.Memory("tare-idmap-output");
        var error = Errno.ENOENT;
        foreach (var directory in (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var child = ProcessSpawn.TryStart(new SpawnRequest { Path = $"{directory}/{program}", Arguments = arguments }, [nothing, output, output], out error);
            // As a shell looks for it: a directory that this user may not enter is passed over.
            if (child < 0 && error is Errno.ENOENT or Errno.ENOTDIR or Errno.EACCES) continue;
            if (child < 0) break;
            if (Waiting.WaitFor(child) is { Code: 0, Signaled: false }) return;
            var buffer = new byte[4096];
            var said = Encoding.UTF8.GetString(buffer.AsSpan(0, RegularFiles.ReadAt(output, buffer, 0))).Trim();
            throw TareException.Invalid($"{program} refuses to map ids of this user ({said}): have the administrator add them to /etc/subuid and /etc/subgid, or map only this user");
        }
        throw TareException.Invalid($"cannot run {program}, which maps ids for an ordinary user ({Errno.Describe(error)}): install the package uidmap");
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

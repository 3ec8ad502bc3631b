using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>Sets the lists of a group of the devices controller, version 1 (Documentation/admin-guide/cgroup-v1/devices.rst).</summary>
internal static class DeviceListV1
{
    /// <summary>Makes a group's lists mean a policy, with as few writes as possible, and so that a process in it misses nothing meanwhile that it keeps.</summary>
    /// <param name="directory">The group.</param>
    /// <param name="target">The policy.</param>
    /// <param name="isNew">Whether the group is new: then it has what its parent has, and nobody is in it.</param>
    /// <exception cref="Errors.TareException">The kernel refuses a rule.</exception>
    public static void Apply(string directory, DevicePolicy target, bool isNew)
    {
        var current = isNew ? null : Read(directory);

        // What a group denies that allows by default cannot be read: it starts anew.
        var anew = current is null || current.AllowsByDefault || target.AllowsByDefault;
        if (anew)
        {
            ControlFiles.Write(directory, target.AllowsByDefault ? "devices.allow" : "devices.deny", "a");
        }
        else
        {
            using var taken = new Writer(directory, "devices.deny");
            foreach (var (key, access) in current!.Exceptions) taken.Write(key, access & ~target.AccessOf(key));
        }
        using var given = new Writer(directory, target.AllowsByDefault ? "devices.deny" : "devices.allow");
        foreach (var (key, access) in target.Exceptions) given.Write(key, anew ? access : access & ~current!.AccessOf(key));
    }

    private static DevicePolicy Read(string directory) =>
        DevicePolicy.OfList(ControlFiles.TryRead(directory, "devices.list", out var error) ?? throw new LinuxException($"read {directory}/devices.list", error));

    /// <summary>Writes rules to one file, which takes one by each call and is opened when there is one.</summary>
    private sealed class Writer(string directory, string file) : IDisposable
    {
        private Fd? handle;

        public void Write(DeviceKey key, DeviceAccess access)
        {
            if (access == 0) return;
            Span<byte> text = stackalloc byte[DevicePolicy.LongestText];
            var length = DevicePolicy.Format(key, access, text);
            var error = 0;
            handle ??= ControlFiles.TryOpen(directory, file, OpenFlags.WriteOnly, out error);
            if (handle is not null) _ = Descriptors.TryWrite(handle, text[..length], out error);
            if (error != 0) throw ControlFiles.Refused(directory, file, DevicePolicy.Format(key, access), error);
        }

        public void Dispose() => handle?.Dispose();
    }
}

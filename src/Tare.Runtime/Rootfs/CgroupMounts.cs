using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Rootfs;

/// <summary>What a container sees of the control groups.</summary>
public static class CgroupMounts
{
    /// <summary>
    /// Adds the mounts to a specification: on v1 a tmpfs with the container's own directory of each hierarchy, on v2 the hierarchy itself
    /// (in a private namespace) or the container's own directory (in the host's).
    /// </summary>
    /// <param name="place">Where, such as <c>/sys/fs/cgroup</c>.</param>
    /// <param name="mounts">Gets the mounts.</param>
    /// <param name="sources">Gets what they bind.</param>
    /// <param name="descriptors">Gets the descriptors of that.</param>
    /// <param name="layout">The host's control groups.</param>
    /// <param name="cgroup">The container's.</param>
    /// <param name="privateNamespace">Whether it has a cgroup namespace of its own.</param>
    /// <param name="writable">Whether it may change them.</param>
    /// <returns>Links to make there: the names of controllers that share a hierarchy.</returns>
    public static IReadOnlyList<(string Path, string Target)> Add(
        string place, List<MountSpec> mounts, Dictionary<int, MountSource> sources, DescriptorList descriptors, CgroupLayout layout, Cgroup cgroup, bool privateNamespace, bool writable)
    {
        string[] mode = ["nosuid", "noexec", "nodev", writable ? "rw" : "ro"];
        if (layout.IsUnified)
        {
            if (privateNamespace || cgroup.Directories.Count == 0) mounts.Add(new MountSpec { Destination = place, Type = "cgroup2", Source = "cgroup", Options = mode });
            else AddDirectory(place, cgroup.Directories[0]);
            return [];
        }
        var links = new List<(string, string)>();
        mounts.Add(new MountSpec { Destination = place, Type = "tmpfs", Source = "cgroup", Options = ["nosuid", "noexec", "nodev", "mode=755", "size=64k"] });
        for (var i = 0; i < layout.Hierarchies.Count && i < cgroup.Directories.Count; i++)
        {
            var name = Path.GetFileName(layout.Hierarchies[i].Path);
            AddDirectory($"{place}/{name}", cgroup.Directories[i]);
            foreach (var controller in layout.Hierarchies[i].Controllers)
            {
                if (controller != name && !controller.Contains('=', StringComparison.Ordinal)) links.Add(($"{place}/{controller}", name));
            }
        }
        return links;

        void AddDirectory(string destination, string directory)
        {
            var tree = Mounts.CloneTree(directory, recursive: false);
            var number = descriptors.Add(tree);
            var attributes = MountAttributes.NoSuid | MountAttributes.NoExec | MountAttributes.NoDev | (writable ? 0 : MountAttributes.ReadOnly);
            Mounts.SetAttributes(tree, attributes, MountAttributes.None, Propagation.Private, recursive: false);
            sources[mounts.Count] = new MountSource(number, IsDirectory: true);
            mounts.Add(new MountSpec { Destination = destination, Type = "bind", Source = directory });
        }
    }
}

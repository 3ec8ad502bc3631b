using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Launching;

namespace Tare.Sandbox;

/// <summary>What a container sees at <c>/sys/fs/cgroup</c>.</summary>
internal static class CgroupMounts
{
    private const string Place = "/sys/fs/cgroup";

    /// <summary>
    /// Adds the mounts to a specification: on v1 a tmpfs with the container's own directory of each hierarchy, on v2 the hierarchy itself
    /// (in a private namespace) or the container's own directory (in the host's).
    /// </summary>
    public static void Add(List<MountSpec> mounts, Dictionary<int, MountSource> sources, DescriptorList descriptors, CgroupLayout layout, Cgroup cgroup, bool privateNamespace, bool writable)
    {
        string[] mode = writable ? ["nosuid", "noexec", "nodev", "rw"] : ["nosuid", "noexec", "nodev", "ro"];
        if (layout.IsUnified)
        {
            if (privateNamespace) mounts.Add(new MountSpec { Destination = Place, Type = "cgroup2", Source = "cgroup", Options = mode });
            else AddDirectory(Place, cgroup.Directories[0]);
            return;
        }
        mounts.Add(new MountSpec { Destination = Place, Type = "tmpfs", Source = "cgroup", Options = ["nosuid", "noexec", "nodev", "mode=755", "size=64k"] });
        for (var i = 0; i < layout.Hierarchies.Count; i++)
            AddDirectory($"{Place}/{Path.GetFileName(layout.Hierarchies[i].Path)}", cgroup.Directories[i]);

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

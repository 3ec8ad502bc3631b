using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Launching;
using Tare.Runtime.Rootfs;

namespace Tare.Runtime.Containers;

/// <summary>Opens what a launch from a bundle needs: the root filesystem, what is bound into it, namespaces and control groups.</summary>
internal sealed class BundlePlan(RuntimeContext context, CreateRequest request, Spec spec, string rootfs, DescriptorList descriptors)
{
    /// <summary>What every container has, whatever its configuration says (config-linux.md, "Default Devices").</summary>
    private static readonly LinuxDevice[] DefaultDevices =
    [
        Character("/dev/null", 1, 3), Character("/dev/zero", 1, 5), Character("/dev/full", 1, 7), Character("/dev/tty", 5, 0), Character("/dev/random", 1, 8),
        Character("/dev/urandom", 1, 9),
    ];

    private readonly LinuxSpec linux = spec.Linux ?? new LinuxSpec();
    private readonly List<MountSpec> mounts = [];
    private readonly Dictionary<int, MountSource> sources = [];
    private readonly List<(string, string)> links = [];

    /// <summary>The mount of the root, where it is mounted in the runtime's own namespace.</summary>
    public ulong RootMount { get; private set; }

    /// <summary>Whether this user has no rights over the namespaces that the runtime runs in.</summary>
    public static bool IsUnprivileged => UserIds.Effective != 0;

    public NamespacePlan Namespaces { get; } = NamespacePlan.Of(spec.Linux);

    /// <summary>Opens what the process is born into.</summary>
    /// <exception cref="TareException">A namespace is missing, or may not be used.</exception>
    public BirthInputs OpenBirth(Cgroup cgroup) => new()
    {
        CgroupProcs = descriptors.Add(cgroup.OpenForJoining()),
        CgroupDirectory = cgroup.OpenDirectory() is { } directory ? descriptors.Add(directory) : null,
        New = Namespaces.New & ~NamespaceKinds.User,
        Join = Namespaces.Open(descriptors, IsUnprivileged),
        UserNamespace = Namespaces.New.HasFlag(NamespaceKinds.User) ? IdMapPlan.Of(linux, IsUnprivileged) : null,
        Unprivileged = IsUnprivileged,
        OomScoreAdj = spec.Process!.OomScoreAdj,
    };

    /// <summary>Opens all the rest.</summary>
    /// <exception cref="TareException">Something is missing, or may not be used.</exception>
    public LaunchInputs Open(Cgroup cgroup, Fd? startSocket)
    {
        var root = OpenRoot(out var mounted);
        var inUserNamespace = Namespaces.Own.HasFlag(NamespaceKinds.User);
        ProcessSpec process;
        using (mounted)
        {
            OpenMounts(MountPlaces.Settle(mounted, WithAbsolutePaths(spec.Mounts ?? [])), cgroup);
            RootPlaces.Ensure(mounted, spec with { Mounts = mounts });
            process = ProcessPlan.Complete(spec.Process!, inUserNamespace, () => OpenUsers(mounted), context.Warn);
            if (request.TerminalSize is { } size && (request.KeepsTerminal || process.ConsoleSize is not ({ Height: > 0 } or { Width: > 0 }))) process = process with { ConsoleSize = size };
        }
        return new LaunchInputs
        {
            Spec = spec with { Process = process, Mounts = mounts, Linux = linux with { Devices = Devices() } },
            Root = root,
            MountSources = sources,
            Links = links,
            SeccompFilter = linux.Seccomp is { } seccomp ? SeccompCompiler.Compile(seccomp) : null,
            InUserNamespace = inUserNamespace,
            BindsDevices = inUserNamespace || UserNamespace.IsChild,
            Keyring = request.NoNewKeyring ? null : "_ses." + request.Id,
            StopsMounted = spec.Hooks is { Prestart.Count: > 0 } or { CreateRuntime.Count: > 0 } or { CreateContainer.Count: > 0 } || linux.NetDevices is { Count: > 0 },
            StopsStarting = spec.Hooks is { StartContainer.Count: > 0 },
            StartSocket = startSocket is null ? null : descriptors.Add(startSocket),
            Preserved = ProcessPlan.Preserve(request.PreserveFds, descriptors),
        };
    }

    private static LinuxDevice Character(string path, long major, long minor) => new() { Path = path, Type = "c", Major = major, Minor = minor, FileMode = 0x1B6 };

    /// <summary>How the root is entered, and a descriptor to look at it by.</summary>
    private PivotedRoot OpenRoot(out Fd look)
    {
        var (copied, own, recursive) = linux.RootfsPropagation switch
        {
            null or "" => (Propagation.Slave, Propagation.Unchanged, false),
            "shared" or "rshared" => (Propagation.Shared, Propagation.Shared, linux.RootfsPropagation[0] == 'r'),
            "slave" or "rslave" => (Propagation.Slave, Propagation.Slave, linux.RootfsPropagation[0] == 'r'),
            "private" or "rprivate" => (Propagation.Private, Propagation.Private, linux.RootfsPropagation[0] == 'r'),
            "unbindable" or "runbindable" => (Propagation.Private, Propagation.Unbindable, linux.RootfsPropagation[0] == 'r'),
            var unknown => throw TareException.Invalid($"rootfsPropagation={unknown} is not supported: use shared, slave, private or unbindable, with an r before it for all mounts"),
        };
        int? mount = null;
        var shared = !Namespaces.Own.HasFlag(NamespaceKinds.Mount);
        // What is mounted in it must not be mounted in the directory too that it is a copy of.
        if (shared && copied == Propagation.Shared) copied = Propagation.Slave;
        if (IsUnprivileged)
        {
            look = Paths.Open(rootfs, OpenFlags.Path | Paths.Directory);
        }
        else
        {
            // The path has no links in it; one that somebody has put there since is not followed.
            using var directory = Paths.TryOpen(Paths.CurrentDirectory, rootfs, OpenFlags.Path | Paths.Directory, Resolve.NoSymlinks, out var error)
                ?? throw TareException.Invalid($"invalid rootfs: cannot open the directory {rootfs}: {Errno.Describe(error)}");
            var tree = Mounts.CloneTree(directory, recursive: true);
            mount = descriptors.Add(tree);
            // pivot_root(2) refuses a shared one; it becomes so afterwards.
            Mounts.SetAttributes(tree, 0, 0, copied == Propagation.Shared ? Propagation.Private : copied, recursive: copied != Propagation.Shared);
            if (shared) RootMount = Mounts.IdOf(tree);
            look = tree.Duplicate();
        }
        return new PivotedRoot(rootfs, mount) { Propagation = copied, OwnPropagation = own, OwnPropagationRecursive = recursive, NoPivot = request.NoPivot, Shared = shared };
    }

    private List<MountSpec> WithAbsolutePaths(IReadOnlyList<MountSpec> wanted)
    {
        var result = new List<MountSpec>(wanted.Count);
        foreach (var mount in wanted)
        {
            var flags = MountFlags.Parse(mount.Options ?? []);
            var isBind = flags.Bind || mount.Type == "bind";
            result.Add(mount with
            {
                Type = isBind ? "bind" : mount.Type,
                Destination = mount.Destination.StartsWith('/') ? mount.Destination : "/" + mount.Destination,
                Source = isBind && mount.Source is { } source && !source.StartsWith('/') ? Path.Combine(request.Bundle, source) : mount.Source,
            });
        }
        return result;
    }

    private void OpenMounts(IReadOnlyList<MountSpec> wanted, Cgroup cgroup)
    {
        var inherited = linux.RootfsPropagation is "shared" or "rshared" ? Propagation.Unchanged : linux.RootfsPropagation is "private" or "rprivate" ? Propagation.Private : Propagation.Slave;
        using var idMapped = new IdMappedMounts(linux);
        foreach (var mount in wanted)
        {
            var flags = MountFlags.Parse(mount.Options ?? []);
            if (flags.CopyUp && mount.Type != "tmpfs") throw TareException.Invalid($"the mount at {mount.Destination} has the option tmpcopyup, which only a tmpfs knows: remove it");
            if (mount.Type == "bind")
            {
                sources[mounts.Count] = IsUnprivileged
                    ? MountSource.ByPath(IsDirectory(mount))
                    : BindSources.Open(mount, flags, descriptors, inherited, tree => idMapped.Map(tree, mount, flags));
                mounts.Add(mount);
            }
            else if (mount.Type is "cgroup" or "cgroup2")
            {
                links.AddRange(CgroupMounts.Add(
                    mount.Destination, mounts, sources, descriptors, CgroupLayout.Host, cgroup, Namespaces.Own.HasFlag(NamespaceKinds.Cgroup), !flags.IsReadOnly));
            }
            else
            {
                mounts.Add(mount);
            }
        }
    }

    /// <summary>The table of users, which engines like to bind over that of the image.</summary>
    private Fd? OpenUsers(Fd root)
    {
        for (var i = mounts.Count - 1; i >= 0; i--)
        {
            if (mounts[i] is { Type: "bind", Destination: "/etc/passwd", Source: { } source })
                return Paths.TryOpen(Paths.CurrentDirectory, source, OpenFlags.ReadOnly | OpenFlags.NonBlocking, Resolve.None, out _);
        }
        return HomeDirectory.OpenTable(root);
    }

    private static bool IsDirectory(MountSpec mount)
    {
        using var source = Paths.TryOpen(Paths.CurrentDirectory, mount.Source ?? "", OpenFlags.Path, Resolve.None, out var error)
            ?? throw TareException.Invalid($"invalid mount config for type \"bind\": cannot open the bind source {mount.Source}: {Errno.Describe(error)}");
        return FileStatuses.Of(source) is { IsDirectory: true };
    }

    private List<LinuxDevice> Devices()
    {
        var devices = new List<LinuxDevice>(linux.Devices ?? []);
        var given = devices.Count;
        foreach (var device in DefaultDevices)
        {
            var known = false;
            for (var i = 0; i < given; i++) known |= devices[i].Path == device.Path;
            if (!known) devices.Add(device);
        }
        return devices;
    }
}

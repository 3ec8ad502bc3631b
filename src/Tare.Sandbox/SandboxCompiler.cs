using System.Collections.Concurrent;
using Tare.Errors;
using Tare.Linux;
using Tare.Networks.Links;
using Tare.Oci.Runtime;
using Tare.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Containers;
using Tare.Runtime.Launching;
using Tare.Runtime.Rootfs;
using Tare.Sandbox.Security;

namespace Tare.Sandbox;

/// <summary>Turns options into launches: the one door through which containers, execs and build steps are started.</summary>
public sealed class SandboxCompiler : IDisposable
{
    private const string DefaultParent = "/tare";
    private const int NamespacesAhead = 8;

    private readonly CgroupLayout layout = CgroupLayout.Host;
    private readonly SandboxNetworkPool networks = new(NamespacesAhead);
    private readonly Lazy<Fd> template = new(Namespaces.NewMountTemplate);
    private readonly ConcurrentDictionary<string, LinuxSeccomp> defaultProfiles = new();

    /// <summary>Does ahead what the first launch would wait for.</summary>
    public void WarmUp()
    {
        networks.Fill();
        _ = template.Value;
        _ = SeccompFilter(new SecurityOptions(), StandardContainer.CapabilityNames);
    }

    /// <summary>A network namespace that was made ahead, with a loopback device alone, whose namespace is for <see cref="NamespaceOptions.JoinNetwork"/>. The caller's.</summary>
    /// <exception cref="LinuxException">The kernel refuses to make one.</exception>
    public SandboxNetwork TakeNetwork() => networks.Take();

    /// <summary>Makes the control groups, opens what the launch needs, and compiles the launch program.</summary>
    /// <exception cref="TareException">An option makes no sense or cannot be had on this kernel. Nothing is left behind.</exception>
    public PreparedLaunch PrepareContainer(ContainerOptions options)
    {
        var descriptors = new DescriptorList();
        Cgroup? cgroup = null;
        using var layered = new LayeredMounts(template.Value);
        try
        {
            var root = RootMount.Create(options.Root);
            var rootNumber = descriptors.Add(root);
            var capabilities = StandardContainer.CapabilitiesOf(options.Security);
            var user = ContainerUser.Resolve(root, options.User, options.AdditionalGroups);
            var spec = SpecTranslator.Translate(options with { Mounts = layered.Make(options.Mounts) }, user, capabilities);
            SourceOwners.Change(options.Mounts, user);
            RootPlaces.Ensure(root, spec);
            spec = spec with { Mounts = MountPlaces.Settle(root, spec.Mounts!) };
            cgroup = Cgroup.Create(layout, CgroupPath(options.Id, options.CgroupParent), spec.Linux!.Resources!);

            var (created, joined) = NamespacesOf(options.Namespaces, descriptors);
            var mounts = new List<MountSpec>();
            var sources = new Dictionary<int, MountSource>();
            IReadOnlyList<(string, string)> links = [];
            using var idMapped = new IdMappedMounts(spec.Linux!);
            AddMounts(spec.Mounts!, new BindOpener(descriptors, layered, idMapped, options.Namespaces.JoinIpc), mounts, sources, () => links = CgroupMounts.Add(
                "/sys/fs/cgroup", mounts, sources, descriptors, layout, cgroup, created.HasFlag(NamespaceKinds.Cgroup), options.Security.Privileged));
            var birth = LaunchCompiler.CompileBirth(
                new BirthInputs
                {
                    CgroupProcs = descriptors.Add(cgroup.OpenForJoining()),
                    CgroupDirectory = cgroup.OpenDirectory() is { } directory ? descriptors.Add(directory) : null,
                    New = created,
                    Join = joined,
                    Template = descriptors.Add(template.Value.Duplicate()),
                    OomScoreAdj = spec.Process!.OomScoreAdj,
                });
            var program = LaunchCompiler.CompileContainer(
                birth,
                new LaunchInputs
                {
                    Spec = spec with { Mounts = mounts },
                    Root = new TemplateRoot(rootNumber),
                    MountSources = sources,
                    Links = links,
                    SeccompFilter = SeccompFilter(options.Security, capabilities),
                    Init = options.Init,
                    Keyring = "_tare." + options.Id[..Math.Min(12, options.Id.Length)],
                });
            return new PreparedLaunch(
                Descriptors.SealedMemory("tare-launch", program.Image), descriptors, root.Duplicate(), new CgroupHandle(cgroup), (within, step, error) => LaunchFailures.Explain(program, within, step, error));
        }
        catch
        {
            descriptors.Dispose();
            cgroup?.TryRemove();
            throw;
        }
    }

    /// <summary>Compiles a further process of a running container.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="groups">The container's control groups, which it joins.</param>
    /// <exception cref="TareException">An option makes no sense, or the container is gone.</exception>
    public PreparedLaunch PrepareExec(ExecOptions options, CgroupHandle groups)
    {
        var descriptors = new DescriptorList();
        try
        {
            var container = options.Container;
            var security = options.Privileged ? container.Security with { Privileged = true } : container.Security;
            var capabilities = StandardContainer.CapabilitiesOf(security);
            using var root = OpenRootOf(options.ContainerPidFd);
            var user = ContainerUser.Resolve(root, options.User.Length > 0 ? options.User : container.User, container.AdditionalGroups);
            var cgroup = groups.Group;
            var process = SpecTranslator.Process(
                container with
                {
                    Args = options.Args,
                    Env = [.. container.Env, .. options.Env],
                    WorkingDirectory = options.WorkingDirectory.Length > 0 ? options.WorkingDirectory : container.WorkingDirectory,
                    Terminal = options.Terminal,
                    ConsoleSize = options.ConsoleSize,
                },
                user,
                capabilities);
            var program = LaunchCompiler.CompileExec(new ExecInputs
            {
                Process = process,
                Target = descriptors.Add(options.ContainerPidFd.Duplicate()),
                Join = JoinedByExec(container.Namespaces),
                CgroupProcs = descriptors.Add(cgroup.OpenForJoining()),
                CgroupDirectory = cgroup.OpenDirectoryBeside(options.ContainerPidFd) is { } directory ? descriptors.Add(directory) : null,
                // The filter is the container's, as with Docker: the exec's capabilities decide which of its rules apply.
                SeccompFilter = SeccompFilter(container.Security, capabilities),
            });
            return new PreparedLaunch(
                Descriptors.SealedMemory("tare-exec", program.Image), descriptors, root.Duplicate(), groups, (within, step, error) => LaunchFailures.Explain(program, within, step, error));
        }
        catch
        {
            descriptors.Dispose();
            throw;
        }
    }

    /// <summary>Finds the control groups of a container that an earlier daemon started; null when they are gone.</summary>
    public CgroupHandle? OpenCgroup(string containerId, string cgroupParent) =>
        Cgroup.Open(layout, CgroupPath(containerId, cgroupParent)) is { } cgroup ? new CgroupHandle(cgroup) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        networks.Dispose();
        if (template.IsValueCreated) template.Value.Dispose();
    }

    /// <summary>The root of a process. Its number may be somebody else's by the time it is used, unless it is alive afterwards.</summary>
    private static Fd OpenRootOf(Fd process)
    {
        var root = Paths.TryOpen(Paths.CurrentDirectory, $"/proc/{PidFds.PidOf(process)}/root", OpenFlags.Path, Linux.Resolve.None, out _);
        if (root is not null && PidFds.SendSignal(process, 0)) return root;
        root?.Dispose();
        throw TareException.Conflict("the container's first process has ended");
    }

    private static string CgroupPath(string id, string parent)
    {
        var clean = parent.Length == 0 ? DefaultParent : "/" + parent.Trim('/');
        return clean.Split('/').Contains("..") ? throw TareException.Invalid($"invalid cgroup parent {parent}: it may not contain ..") : $"{clean}/{id}";
    }

    /// <summary>Binds are opened here, and travel as detached mounts; the rest is mounted by the program.</summary>
    private static void AddMounts(IReadOnlyList<MountSpec> wanted, BindOpener binds, List<MountSpec> mounts, Dictionary<int, MountSource> sources, Action addCgroups)
    {
        foreach (var mount in wanted)
        {
            var flags = MountFlags.Parse(mount.Options ?? []);
            if (mount.Type == "bind" || flags.Bind) sources[mounts.Count] = binds.Open(mount, flags);
            mounts.Add(mount);
            if (mount.Destination == "/sys") addCgroups();
        }
    }

    private (NamespaceKinds New, List<(int, NamespaceKinds)> Join) NamespacesOf(NamespaceOptions options, DescriptorList descriptors)
    {
        var created = NamespaceKinds.None;
        var joined = new List<(int, NamespaceKinds)>();
        if (options.Network == NamespaceMode.Private) joined.Add((descriptors.Add(networks.Take().Release()), NamespaceKinds.Network));
        else Join(options.Network, options.JoinNetwork, NamespaceKinds.Network);
        Join(options.Pid, options.JoinPid, NamespaceKinds.Pid);
        Join(options.Ipc, options.JoinIpc, NamespaceKinds.Ipc);
        Join(options.Uts, null, NamespaceKinds.Uts);
        Join(options.Cgroup, null, NamespaceKinds.Cgroup);
        return (created, joined);

        void Join(NamespaceMode mode, Fd? process, NamespaceKinds kind)
        {
            if (mode == NamespaceMode.Private) created |= kind;
            else if (mode == NamespaceMode.Join) joined.Add((descriptors.Add((process ?? throw new ArgumentException($"joining the {kind} namespace needs a process", nameof(options))).Duplicate()), kind));
        }
    }

    private static NamespaceKinds JoinedByExec(NamespaceOptions options)
    {
        var kinds = NamespaceKinds.Mount;
        if (options.Network != NamespaceMode.Host) kinds |= NamespaceKinds.Network;
        if (options.Pid != NamespaceMode.Host) kinds |= NamespaceKinds.Pid;
        if (options.Ipc != NamespaceMode.Host) kinds |= NamespaceKinds.Ipc;
        if (options.Uts != NamespaceMode.Host) kinds |= NamespaceKinds.Uts;
        if (options.Cgroup != NamespaceMode.Host) kinds |= NamespaceKinds.Cgroup;
        return kinds;
    }

    private SeccompFilter? SeccompFilter(SecurityOptions security, IReadOnlyList<string> capabilities)
    {
        if (security.Privileged || security.SeccompUnconfined) return null;
        var profile = security.SeccompProfile is { } custom
            ? SeccompProfile.Parse(custom).Resolve(capabilities)
            : defaultProfiles.GetOrAdd(string.Join(' ', capabilities.Order()), _ => SeccompProfile.Default.Resolve(capabilities));
        var filter = SeccompCompiler.Compile(profile, keep: security.SeccompProfile is null);
        return filter is { Listens: true }
            ? throw TareException.NotImplemented("the seccomp action SCMP_ACT_NOTIFY needs a listener, which the engine does not have; take it out of the profile")
            : filter;
    }
}

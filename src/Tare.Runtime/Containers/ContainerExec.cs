using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>A further process in a container.</summary>
public sealed record ExecRequest
{
    /// <summary>The process.</summary>
    public required ProcessSpec Process { get; init; }

    /// <summary>The socket that gets the master of its terminal; empty: none.</summary>
    public string ConsoleSocket { get; init; } = "";

    /// <summary>Whether the caller takes the terminal when no socket does.</summary>
    public bool KeepsTerminal { get; init; }

    /// <summary>The file that gets its pid; empty: none.</summary>
    public string PidFile { get; init; } = "";

    /// <summary>How many of the runtime's descriptors from 3 on the process gets.</summary>
    public int PreserveFds { get; init; }

    /// <summary>Groups below the container's that it joins, as <c>PATH</c> or <c>CONTROLLER[,CONTROLLER…]:PATH</c>.</summary>
    public IReadOnlyList<string> SubCgroups { get; init; } = [];

    /// <summary>Whether it may be started in a paused container, where it waits for the resumption.</summary>
    public bool IgnorePaused { get; init; }
}

/// <summary>Starts further processes in containers.</summary>
public static class ContainerExec
{
    /// <summary>Starts a process; it has executed its program when this returns.</summary>
    /// <returns>Its pid, a child of the caller, and the master of its terminal when no socket got it.</returns>
    /// <exception cref="TareException">The container is not running, or the process cannot be started.</exception>
    public static (int Pid, Fd? Terminal) Start(OciContainer container, ExecRequest request, Action<string> warn)
    {
        var status = container.Status();
        if (status == ContainerStatus.Stopped) throw TareException.Conflict($"cannot exec in a stopped container: {container.Id}");
        if (status == ContainerStatus.Paused && !request.IgnorePaused) throw TareException.Conflict($"cannot exec in a paused container (use --ignore-paused to override): {container.Id}");
        CheckConsole(request);
        foreach (var warning in SpecValidator.CheckProcess(request.Process, HostFacts.Of())) warn(warning);
        using var target = container.OpenProcess() ?? throw TareException.Conflict($"cannot exec in a stopped container: {container.Id}");
        var spec = container.ReadSpec();
        using var descriptors = new DescriptorList();
        var within = SubCgroups.Parse(request.SubCgroups);
        var process = ProcessPlan.Complete(request.Process, NamespacePlan.Of(spec.Linux).Own.HasFlag(NamespaceKinds.User), () => OpenUsers(container), warn);
        var filter = spec.Linux?.Seccomp is { } seccomp ? SeccompCompiler.Compile(seccomp) : null;
        var groups = descriptors.Add(container.Cgroup.OpenForJoining(within));
        if (spec.Linux?.IntelRdt is { } limits && ResourceControl.FindRoot() is { } root) groups.AddRange(new ResourceControl(root, limits, container.Id).OpenTasks(descriptors, optional: true));
        var program = LaunchCompiler.CompileExec(new ExecInputs
        {
            Process = process,
            Target = descriptors.Add(target.Duplicate()),
            Join = NamespacePlan.Of(spec.Linux).Own,
            Root = container.OpenSharedRoot() is { } shared ? descriptors.Add(shared) : null,
            CgroupProcs = groups,
            CgroupDirectory = container.Cgroup.OpenDirectory(within) is { } directory ? descriptors.Add(directory) : null,
            SeccompFilter = filter,
            MemoryPolicy = spec.Linux?.MemoryPolicy,
            Personality = spec.Linux?.Personality,
            Preserved = ProcessPlan.Preserve(request.PreserveFds, descriptors),
            Unprivileged = BundlePlan.IsUnprivileged,
        });
        var pid = 0;
        using var session = LaunchSession.Start(program, descriptors, listener => SeccompListener.Send(filter!, listener, pid, container.StateOf(status)));
        try
        {
            while (session.Next() is { } told)
            {
                if (told.Kind == LaunchRecordKind.Started) pid = session.Pid;
                if (told.Kind != LaunchRecordKind.Failed) continue;
                using var rootfs = Paths.Open(container.Rootfs, OpenFlags.Path | Paths.Directory);
                throw new LaunchException(LaunchFailures.Explain(program, rootfs, told.Step, (int)told.Value));
            }
            if (pid == 0) throw ContainerCreator.KilledEarly($"the launcher ended before it had made a process in the container {container.Id}", container.Cgroup);
            if (session.Terminal is { } master && request.ConsoleSocket.Length > 0)
            {
                ConsoleSocket.Send(request.ConsoleSocket, master);
                master.Dispose();
                session.Terminal = null;
            }
            if (request.PidFile.Length > 0) ContainerCreator.WritePidFile(request.PidFile, pid);
        }
        catch
        {
            session.Abort();
            throw;
        }
        var terminal = session.Terminal;
        session.Terminal = null;
        return (pid, terminal);
    }

    /// <summary>The table of users as the container's process sees it; who may not look there sees the root filesystem's.</summary>
    private static Fd? OpenUsers(OciContainer container)
    {
        using var root = Paths.TryOpen(Paths.CurrentDirectory, string.Create(CultureInfo.InvariantCulture, $"/proc/{container.Pid}/root"), OpenFlags.Path | Paths.Directory, Resolve.None, out _)
            ?? Paths.TryOpen(Paths.CurrentDirectory, container.Rootfs, OpenFlags.Path | Paths.Directory, Resolve.None, out _);
        return root is null ? null : HomeDirectory.OpenTable(root);
    }

    private static void CheckConsole(ExecRequest request)
    {
        if (request.Process.Terminal && request.ConsoleSocket.Length == 0 && !request.KeepsTerminal)
            throw TareException.Invalid("cannot allocate tty if runc will detach without setting console socket: say --console-socket, or leave the terminal out");
        if (!request.Process.Terminal && request.ConsoleSocket.Length > 0)
            throw TareException.Invalid("cannot use console socket if runc will not detach or allocate tty: leave --console-socket out, or ask for a terminal");
    }
}

using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>
/// Creates containers (runtime.md, "Create").
///
/// 1. The bundle is read and checked; its state directory is made and stays locked.
/// 2. Control groups; everything that the launch needs is opened; the program is compiled and started.
/// 3. The process is there: its state is written. Its ids are mapped and hooks are run where the program stops for that.
/// 4. The program waits for the word to start, or is executed: the pid file is written.
///
/// What fails takes everything back that was made.
/// </summary>
public sealed class ContainerCreator(RuntimeContext context)
{
    /// <summary>Milliseconds that a process which the kernel has killed needs at most to be gone.</summary>
    private const int DeathTimeout = 1000;

    private const int PidFileMode = 0x1A4; // 0644

    /// <summary>Creates a container, and starts it where that is asked for.</summary>
    /// <exception cref="TareException">It cannot be created. Nothing is left of it.</exception>
    public CreatedContainer Create(CreateRequest request)
    {
        ContainerId.Check(request.Id);
        var bundle = Bundle.Open(request.Bundle);
        foreach (var warning in SpecValidator.Check(bundle.Spec, HostFacts.Of(context, bundle.Spec, request.NoPivot))) context.Warn(warning);
        CheckConsole(request, bundle.Spec);
        var rootfs = bundle.FindRootfs();
        var directory = StateDirectory.Create(context.Root, request.Id);
        try
        {
            if (request.NotifySocket.Length > 0 && NotifySocket.IsWanted(bundle.Spec)) bundle = bundle with { Spec = NotifySocket.AddTo(bundle.Spec, directory.MakeNotify()) };
            return new Creation(context, request with { Bundle = bundle.Path }, bundle, rootfs, directory).Run();
        }
        catch
        {
            directory.Remove();
            directory.Dispose();
            throw;
        }
    }

    private static void CheckConsole(CreateRequest request, Spec spec)
    {
        var terminal = spec.Process is { Terminal: true };
        if (terminal && request.ConsoleSocket.Length == 0 && !request.KeepsTerminal)
            throw TareException.Invalid("cannot allocate tty if runc will detach without setting console socket: say --console-socket, or set process.terminal to false");
        if (!terminal && request.ConsoleSocket.Length > 0)
            throw TareException.Invalid("cannot use console socket if runc will not detach or allocate tty: leave --console-socket out, or set process.terminal to true");
    }

    /// <summary>The creation of one container.</summary>
    private sealed class Creation(RuntimeContext context, CreateRequest request, Bundle bundle, string rootfs, StateDirectory directory)
    {
        private readonly Spec spec = bundle.Spec;

        private readonly LinuxResources resources =
            (bundle.Spec.Linux?.Resources ?? new LinuxResources()) with { Devices = OciDevices.WithDefaults(bundle.Spec.Linux?.Resources?.Devices) };

        private ContainerRecord record = null!;
        private ulong rootMount;
        private IdleProcess? holder;

        public CreatedContainer Run()
        {
            // First of all: by it the control groups of a creation that was killed are found.
            directory.WriteConfig(bundle.Json);
            using (holder = context.SystemdCgroup ? StartHolder() : null)
            {
                var cgroup = OciCgroup.Create(new OciCgroupRequest
                {
                    Id = request.Id,
                    CgroupsPath = spec.Linux?.CgroupsPath,
                    Resources = resources,
                    UsesSystemd = context.SystemdCgroup,
                    Pid = holder?.Pid ?? 0,
                    Annotations = spec.Annotations,
                    Warn = context.Warn,
                });
                NotifySocket? notify = null;
                try
                {
                    if (request is { Start: true, NotifySocket.Length: > 0 } && directory.PrepareNotifySocket() is { } path) notify = new NotifySocket(path, request.NotifySocket, context.Warn);
                    return Launch(cgroup) with { Notify = notify };
                }
                catch
                {
                    notify?.Dispose();
                    if (rootMount != 0) HostMounts.Undo(rootfs, rootMount, context.Warn);
                    cgroup.Remove();
                    ResourceControl.Remove(record?.ResourceControlGroup, context.Warn);
                    throw;
                }
            }
        }

        private static IdleProcess StartHolder()
        {
            using var launcher = Launcher.Load();
            return IdleProcess.Start(launcher);
        }

        private CreatedContainer Launch(Cgroup cgroup)
        {
            using var descriptors = new DescriptorList();
            var plan = new BundlePlan(context, request, spec, rootfs, descriptors);
            var control = spec.Linux?.IntelRdt is { } limits ? new ResourceControl(ResourceControl.FindRoot()!, limits, request.Id) : null;
            record = new ContainerRecord
            {
                Id = request.Id,
                Bundle = request.Bundle,
                Rootfs = rootfs,
                Created = DateTimeOffset.UtcNow,
                Owner = UserIds.Effective,
                Cgroup = cgroup.State,
                OwnsProcesses = plan.Namespaces.New.HasFlag(NamespaceKinds.Pid),
                MountsInHost = !plan.Namespaces.Own.HasFlag(NamespaceKinds.Mount),
                ResourceControlGroup = control?.Made,
            };
            directory.WriteState(record.Write());
            SeccompFilter? filter = null;
            var prepared = false;
            control?.Make();
            var place = plan.OpenBirth(cgroup);
            if (control is not null) place = place with { CgroupProcs = [.. place.CgroupProcs, .. control.OpenTasks(descriptors, optional: false)] };
            var birth = LaunchCompiler.CompileBirth(place, descriptors);
            var session = LaunchSession.Start(birth.SoFar, descriptors, listener => SeccompListener.Send(filter!, listener, record.Pid, StateOf("creating")));
            try
            {
                // While the process is born.
                var inputs = plan.Open(cgroup, request.Start ? null : directory.Listen());
                // With systemd the limits are set between the birth of the process and its first step of its own.
                if (holder is not null) inputs = inputs with { StopsMounted = true };
                filter = inputs.SeccompFilter;
                var program = LaunchCompiler.CompileContainer(birth, inputs);
                prepared = true;
                rootMount = plan.RootMount;
                record = record with { LastStep = program.LastStep, RootMount = rootMount };
                // From now on it is mounted where it outlives this process.
                if (rootMount != 0) directory.WriteState(record.Write());
                Follow(session, program, plan, cgroup);
                if (session.Terminal is { } master && request.ConsoleSocket.Length > 0)
                {
                    ConsoleSocket.Send(request.ConsoleSocket, master);
                    master.Dispose();
                    session.Terminal = null;
                }
                if (request.Start) HookRunner.Run("poststart", spec.Hooks?.Poststart, StateOf("running"));
                if (request.PidFile.Length > 0) WritePidFile(request.PidFile, record.Pid);
            }
            catch
            {
                session.Abort();
                session.Dispose();
                if (prepared) new HookRunner(context.Warn).RunAll("poststop", spec.Hooks?.Poststop, StateOf("stopped"));
                throw;
            }
            var terminal = session.Terminal;
            session.Terminal = null;
            session.Dispose();
            return new CreatedContainer(new OciContainer(context, record, directory), record.Pid, terminal);
        }

        private void Follow(LaunchSession session, LaunchProgram program, BundlePlan plan, Cgroup cgroup)
        {
            while (session.Next() is { } told)
            {
                switch (told.Kind)
                {
                    case LaunchRecordKind.Started:
                        record = record with { Pid = session.Pid };
                        continue;
                    case LaunchRecordKind.Failed:
                        using (var root = Paths.Open(rootfs, OpenFlags.Path | Paths.Directory))
                            throw new LaunchException(LaunchFailures.Explain(program, root, told.Step, (int)told.Value));
                    case LaunchRecordKind.Reached when told.Value == (long)SyncPoint.Rest:
                        session.SendRest(program);
                        // While the process sets itself up.
                        record = record with { StartTime = ProcStat.Read(record.Pid)?.StartTime ?? 0 };
                        directory.WriteState(record.Write());
                        request.Born?.Invoke(record.Pid);
                        continue;
                    case LaunchRecordKind.Reached:
                        Act((SyncPoint)told.Value, plan, cgroup);
                        session.Continue(told);
                        continue;
                    default:
                        throw TareException.Internal($"the launcher said something that this runtime does not know: {told}");
                }
            }
            if (session.Pid == 0) throw KilledEarly("the launcher ended before it had made the container's process", cgroup);
            if (request.Start) return;
            // It has said that all is well, or has died: after the OOM killer it may be about to.
            using var process = PidFds.Open(session.Pid);
            if (Polling.WaitReadable(process, cgroup.OomKills > 0 ? DeathTimeout : 0)) throw KilledEarly("the container's process was killed while it was set up", cgroup);
        }

        private void Act(SyncPoint point, BundlePlan plan, Cgroup cgroup)
        {
            switch (point)
            {
                case SyncPoint.MapIds:
                    IdMapPlan.MapByHelpers(spec.Linux!, record.Pid);
                    break;
                case SyncPoint.Mounted:
                    if (holder is not null)
                    {
                        holder.Dispose();
                        cgroup.Apply(resources);
                    }
                    if (spec.Linux?.NetDevices is { Count: > 0 } devices)
                    {
                        using var network = Namespaces.Of(record.Pid, "net");
                        NetworkDevices.Move(devices, network);
                    }
                    if (spec.Hooks is null) break;
                    var creating = StateOf("creating");
                    HookRunner.Run("prestart", spec.Hooks.Prestart, StateOf("created"));
                    HookRunner.Run("createRuntime", spec.Hooks.CreateRuntime, creating);
                    if (spec.Hooks.CreateContainer is { Count: > 0 } hooks)
                    {
                        using var target = PidFds.Open(record.Pid);
                        HookRunner.RunInside("createContainer", hooks, creating, target, plan.Namespaces.Own, null);
                    }
                    break;
                case SyncPoint.Starting:
                    using (var target = PidFds.Open(record.Pid))
                    using (var root = record.MountsInHost ? HostMounts.Open(rootfs, rootMount) : null)
                        HookRunner.RunInside("startContainer", spec.Hooks!.StartContainer, StateOf("created"), target, plan.Namespaces.Own, spec.Process, root);
                    break;
            }
        }

        private State StateOf(string status) => new()
        {
            OciVersion = spec.OciVersion,
            Id = request.Id,
            Status = status,
            Pid = status == "stopped" ? null : record.Pid,
            Bundle = request.Bundle,
            Annotations = spec.Annotations,
        };
    }

    /// <summary>The failure of a launch that ended without a word.</summary>
    internal static TareException KilledEarly(string what, Cgroup cgroup) =>
        TareException.Internal(cgroup.OomKills > 0 ? $"{what}: the kernel was out of memory for it; the container's memory limit is too low: raise it" : what);

    /// <summary>Writes the pid, and nothing else, so that whoever waits for the file reads it whole.</summary>
    internal static void WritePidFile(string path, int pid)
    {
        var full = Path.GetFullPath(path);
        var (name, next) = (Encoding.UTF8.GetBytes(Path.GetFileName(full)), Encoding.UTF8.GetBytes("." + Path.GetFileName(full)));
        using var folder = Paths.Open(Path.GetDirectoryName(full)!, OpenFlags.Path | Paths.Directory);
        // In a folder that others may write to, what has that name already may be theirs: a pipe on which nobody listens, or a file whose content they change.
        _ = FileSystem.Remove(folder, next);
        using (var file = Paths.TryOpen(folder.Number, Encoding.UTF8.GetString(next), OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, Resolve.Beneath, out var error, PidFileMode)
            ?? throw new LinuxException($"write the pid file {path}", error))
        {
            Descriptors.WriteAll(file, Encoding.UTF8.GetBytes(pid.ToString(CultureInfo.InvariantCulture)));
        }
        if (FileSystem.Rename(folder, next, folder, name) is var failed and not 0) throw new LinuxException($"write the pid file {path}", failed);
    }
}

/// <summary>A container that has just been created.</summary>
/// <param name="Container">The container. Its directory is locked until it is disposed.</param>
/// <param name="Pid">Its process, a child of this one.</param>
/// <param name="Terminal">The master of its terminal, when no console socket got it. The caller's.</param>
public sealed record CreatedContainer(OciContainer Container, int Pid, Fd? Terminal)
{
    /// <summary>Hears when it is ready; null: nobody waits for that, or it was not started. The caller's.</summary>
    public NotifySocket? Notify { get; init; }
}

/// <summary>A launch failed at a step.</summary>
public sealed class LaunchException(LaunchFailure failure) : TareException(ErrorKind.InvalidArgument, failure.Message)
{
    /// <summary>The exit code that a shell would give: 127 for a program that is not there, 126 for one that may not be executed.</summary>
    public int ExitCode => failure.ExitCode;
}

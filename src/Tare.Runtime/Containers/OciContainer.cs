using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>A container's place in its life (runtime.md, "State").</summary>
public enum ContainerStatus
{
    /// <summary>It is being made.</summary>
    Creating,

    /// <summary>Its process waits for the word to start.</summary>
    Created,

    /// <summary>Its process runs.</summary>
    Running,

    /// <summary>Its processes are frozen.</summary>
    Paused,

    /// <summary>Its process has ended.</summary>
    Stopped,
}

/// <summary>A container of an OCI runtime, by what its state directory and the kernel tell of it.</summary>
public sealed class OciContainer : IDisposable
{
    private const int SIGKILL = 9;
    private const string ConfigName = "config.json";

    /// <summary>Milliseconds until a killed process must have ended.</summary>
    private const int KillTimeout = 10_000;

    private readonly RuntimeContext context;
    private readonly ContainerRecord record;
    private readonly StateDirectory directory;
    private Spec? spec;

    internal OciContainer(RuntimeContext context, ContainerRecord record, StateDirectory directory)
    {
        this.context = context;
        this.record = record;
        this.directory = directory;
        Cgroup = OciCgroup.Open(record.Cgroup);
    }

    /// <summary>The id.</summary>
    public string Id => record.Id;

    /// <summary>The absolute path of the bundle.</summary>
    public string Bundle => record.Bundle;

    /// <summary>The absolute path of the root filesystem.</summary>
    public string Rootfs => record.Rootfs;

    /// <summary>When it was created.</summary>
    public DateTimeOffset Created => record.Created;

    /// <summary>The id of the user who created it.</summary>
    public uint Owner => record.Owner;

    /// <summary>The pid of its process, in the namespace of the runtime that created it.</summary>
    public int Pid => record.Pid;

    /// <summary>Its control groups.</summary>
    public Cgroup Cgroup { get; }

    /// <summary>The configuration that it was created from.</summary>
    /// <exception cref="TareException">It is damaged, or gone.</exception>
    public Spec ReadSpec() => spec ??= SpecReader.Read(directory.ReadConfig() ?? throw TareException.Internal($"the configuration of the container {Id} is gone from its state directory"), ConfigName);

    /// <summary>Opens a container.</summary>
    /// <param name="context">The runtime's options.</param>
    /// <param name="id">The id.</param>
    /// <param name="locked">Whether to wait for whoever creates, starts or deletes it.</param>
    /// <exception cref="TareException">There is none of this id.</exception>
    public static OciContainer Open(RuntimeContext context, string id, bool locked = false) =>
        TryOpen(context, ContainerId.Check(id), locked) ?? throw TareException.NotFound($"container does not exist: {id}: see the verb list for those in {context.Root}");

    /// <summary>All containers that can be opened; about the others there is a warning.</summary>
    public static IReadOnlyList<OciContainer> List(RuntimeContext context)
    {
        var found = new List<OciContainer>();
        foreach (var id in StateDirectory.List(context.Root))
        {
            try
            {
                if (TryOpen(context, id, locked: false) is { } container) found.Add(container);
            }
            catch (TareException e)
            {
                context.Warn($"cannot load the container {id}: {e.Message}");
            }
        }
        return found;
    }

    /// <summary>Where it is in its life, now.</summary>
    public ContainerStatus Status()
    {
        if (!IsAlive()) return ContainerStatus.Stopped;
        if (directory.HasSocket && IsWaiting()) return ContainerStatus.Created;
        return Cgroup.IsFrozen ? ContainerStatus.Paused : ContainerStatus.Running;
    }

    /// <summary>The state that hooks and callers see.</summary>
    public State StateOf(ContainerStatus status) => new()
    {
        OciVersion = ReadSpec().OciVersion,
        Id = Id,
        Status = NameOf(status),
        Pid = status == ContainerStatus.Stopped ? null : Pid,
        Bundle = Bundle,
        Annotations = ReadSpec().Annotations,
    };

    /// <summary>The word for a status.</summary>
    public static string NameOf(ContainerStatus status) => status switch
    {
        ContainerStatus.Creating => "creating",
        ContainerStatus.Created => "created",
        ContainerStatus.Running => "running",
        ContainerStatus.Paused => "paused",
        _ => "stopped",
    };

    /// <summary>Hears when it is ready. To be opened before it is started.</summary>
    /// <param name="host">The socket of whoever waits for that, as <c>NOTIFY_SOCKET</c> has it (sd_notify(3)); empty: nobody.</param>
    /// <returns>Null when nobody waits, or nobody did when it was created.</returns>
    public NotifySocket? OpenNotifySocket(string host) =>
        host.Length > 0 && Status() == ContainerStatus.Created && directory.PrepareNotifySocket() is { } path ? new NotifySocket(path, host, context.Warn) : null;

    /// <summary>Starts the program of a created container.</summary>
    /// <exception cref="TareException">It is not created, or its program cannot be executed.</exception>
    public void Start()
    {
        switch (Status())
        {
            case ContainerStatus.Stopped: throw TareException.Conflict($"cannot start a container that has stopped: {Id}");
            case ContainerStatus.Running or ContainerStatus.Paused: throw TareException.Conflict($"cannot start an already running container: {Id}");
        }
        var connection = SeqPacketSocket.TryConnect(directory.SocketPath, out var error)
            ?? throw TareException.Conflict($"cannot start the container {Id}: its process does not listen any more: {Errno.Describe(error)}");
        SeccompFilter? filter = null;
        using var session = LaunchSession.Of(connection, listener =>
        {
            filter ??= new SeccompFilter([], 0) { ListenerPath = ReadSpec().Linux?.Seccomp?.ListenerPath, ListenerMetadata = ReadSpec().Linux?.Seccomp?.ListenerMetadata };
            SeccompListener.Send(filter, listener, Pid, StateOf(ContainerStatus.Created));
        });
        while (session.Next() is { } told)
        {
            if (told.Kind == LaunchRecordKind.Failed)
            {
                throw new LaunchException(ExplainStart(told));
            }
            if (told.Kind != LaunchRecordKind.Reached) continue;
            using var target = PidFds.Open(Pid);
            using var root = OpenSharedRoot();
            HookRunner.RunInside("startContainer", ReadSpec().Hooks?.StartContainer, StateOf(ContainerStatus.Created), target, NamespacePlan.Of(ReadSpec().Linux).Own, ReadSpec().Process, root);
            session.Continue(told);
        }
        directory.RemoveSocket();
        try
        {
            HookRunner.Run("poststart", ReadSpec().Hooks?.Poststart, StateOf(ContainerStatus.Running));
        }
        catch
        {
            KillProcess();
            throw;
        }
    }

    /// <summary>Sends a signal to its process.</summary>
    /// <param name="signal">The signal.</param>
    /// <param name="all">To all processes of its control groups.</param>
    /// <exception cref="TareException">It has ended.</exception>
    public void Kill(int signal, bool all)
    {
        if (all)
        {
            SignalAll(signal);
            return;
        }
        using var process = OpenProcess() ?? throw TareException.Conflict($"container not running: {Id}");
        // Without a pid namespace of its own the others outlive the first.
        if (signal == SIGKILL && !record.OwnsProcesses)
        {
            SignalAll(signal);
            PidFds.SendSignal(process, signal);
            return;
        }
        if (!PidFds.SendSignal(process, signal)) throw TareException.Conflict($"container not running: {Id}");
        // A frozen process takes no signal, not even this one.
        if (signal == SIGKILL && Cgroup.IsFrozen) Cgroup.SetFrozen(false);
    }

    /// <summary>Removes it: control groups, state and what else the runtime has made; then the poststop hooks.</summary>
    /// <param name="force">Kill it first, whatever it does.</param>
    /// <exception cref="TareException">It has not stopped.</exception>
    public void Delete(bool force)
    {
        var status = Status();
        if (status is ContainerStatus.Running or ContainerStatus.Paused && !force)
            throw TareException.Conflict($"cannot delete container {Id} that is not stopped: {NameOf(status)}: stop it, or say --force");
        if (status != ContainerStatus.Stopped) KillProcess();
        Remove();
    }

    /// <summary>Removes what is left of one that has ended.</summary>
    public void Remove()
    {
        var hooks = ReadHooks();
        Cgroup.Remove();
        ResourceControl.Remove(record.ResourceControlGroup, context.Warn);
        if (record.MountsInHost) HostMounts.Undo(Rootfs, record.RootMount, context.Warn);
        var state = hooks?.Poststop is { Count: > 0 } ? StateOf(ContainerStatus.Stopped) : null;
        directory.Remove();
        if (state is not null) new HookRunner(context.Warn).RunAll("poststop", hooks!.Poststop, state);
    }

    /// <summary>Freezes all processes, or thaws them.</summary>
    /// <exception cref="TareException">It is not running, or not paused.</exception>
    public void Pause(bool paused)
    {
        var status = Status();
        if (paused && status is not (ContainerStatus.Running or ContainerStatus.Created)) throw TareException.Conflict($"container not running or created: {NameOf(status)}: {Id}");
        if (!paused && status != ContainerStatus.Paused) throw TareException.Conflict($"container not paused: {Id}");
        if (paused) Cgroup.Freeze();
        else Cgroup.SetFrozen(false);
    }

    /// <summary>Replaces the configuration that it is known by.</summary>
    internal void SaveSpec(Spec changed)
    {
        directory.ReplaceConfig(SpecWriter.Write(changed));
        spec = changed;
    }

    /// <summary>All its processes, as this pid namespace numbers them.</summary>
    public IReadOnlyList<int> Processes() => Cgroup.Processes();

    /// <summary>A pidfd of its process; null when it has ended.</summary>
    public Fd? OpenProcess()
    {
        if (Pid == 0) return null;
        var process = PidFds.TryOpen(Pid, out _);
        if (process is null || IsAlive()) return process;
        process.Dispose();
        return null;
    }

    /// <summary>The root of a container without a mount namespace of its own, in which a further process would be in the host's; else null.</summary>
    /// <exception cref="TareException">It is not where it was mounted.</exception>
    public Fd? OpenSharedRoot() => !record.MountsInHost
        ? null
        : HostMounts.Open(Rootfs, record.RootMount) ?? throw TareException.Conflict($"the root of the container {Id} is not mounted at {Rootfs}: it has no mount namespace of its own, and somebody else has changed that");

    /// <summary>Gives the lock of the container away: others may start or delete it.</summary>
    public void Unlock() => directory.Unlock();

    /// <summary>Removes what is left of a creation that was killed before it had written anything down.</summary>
    public static void Forget(RuntimeContext context, string id)
    {
        using var directory = StateDirectory.Open(context.Root, ContainerId.Check(id), locked: true);
        if (directory is null || directory.ReadState() is not null) return;
        if (directory.ReadConfig() is { } config) ForgetGroups(context, id, config);
        directory.Remove();
    }

    /// <inheritdoc/>
    public void Dispose() => directory.Dispose();

    private static OciContainer? TryOpen(RuntimeContext context, string id, bool locked)
    {
        var directory = StateDirectory.Open(context.Root, id, locked);
        if (directory is null) return null;
        if (directory.ReadState() is { } state) return new OciContainer(context, ContainerRecord.Read(state, $"{context.Root}/{id}/state.json"), directory);
        directory.Dispose();
        return null;
    }

    private static void ForgetGroups(RuntimeContext context, string id, byte[] config)
    {
        Spec spec;
        try
        {
            spec = SpecReader.Read(config, ConfigName);
        }
        catch (TareException)
        {
            // It was still being written, so that nothing else was made.
            return;
        }
        try
        {
            OciCgroup.Forget(new OciCgroupRequest { Id = id, CgroupsPath = spec.Linux?.CgroupsPath, UsesSystemd = context.SystemdCgroup });
        }
        catch (TareException e)
        {
            context.Warn($"cannot tell whether control groups of the container {id} are left: {e.Message}");
        }
    }

    private HooksSpec? ReadHooks()
    {
        try
        {
            return ReadSpec().Hooks;
        }
        catch (TareException e)
        {
            // Damaged or gone: what can be removed is removed all the same.
            context.Warn(e.Message);
            return null;
        }
    }

    /// <summary>Whether the process is there: not as a zombie, and not another one of the same number.</summary>
    private bool IsAlive() => Pid > 0 && ProcStat.Read(Pid) is { State: not ('Z' or 'X') } stat && stat.StartTime == record.StartTime;

    /// <summary>Whether the process is still the launcher. It may not be traced then, so that whoever is no root sees nothing of it.</summary>
    private bool IsWaiting() =>
        Paths.ReadLinkOf(string.Create(CultureInfo.InvariantCulture, $"/proc/{Pid}/exe")) is not { } program || program.StartsWith("/memfd:tare-launcher", StringComparison.Ordinal);

    /// <summary>The program of a container that was created earlier is not at hand: but its last step, and the one before that, are always the same.</summary>
    private LaunchFailure ExplainStart(LaunchRecord failed)
    {
        var error = (int)failed.Value;
        if (failed.Step != record.LastStep) return new LaunchFailure($"cannot load the seccomp filter or set the capabilities: {Errno.Describe(error)}", 1);
        using var root = Paths.Open(Rootfs, OpenFlags.Path | Paths.Directory);
        return LaunchFailures.ExplainExecution(ReadSpec().Process?.Args is [var first, ..] ? first : "", root, error);
    }

    private void SignalAll(int signal)
    {
        if (signal == SIGKILL) Cgroup.KillAll();
        else Cgroup.Signal(signal);
    }

    private void KillProcess()
    {
        if (!record.OwnsProcesses) Cgroup.KillAll();
        using var process = OpenProcess();
        if (process is null) return;
        PidFds.SendSignal(process, SIGKILL);
        if (Cgroup.IsFrozen) Cgroup.SetFrozen(false);
        if (!Polling.WaitReadable(process, KillTimeout)) throw TareException.Internal($"the process {Pid} of the container {Id} did not end {KillTimeout / 1000} s after SIGKILL: it is stuck in the kernel");
    }
}

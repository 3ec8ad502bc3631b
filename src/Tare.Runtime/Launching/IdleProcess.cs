using Tare.Linux;

namespace Tare.Runtime.Launching;

/// <summary>
/// A process that does nothing but be there. systemd makes a scope around a living process, and a container is born in groups that are
/// there: an idle one keeps the scope until the container's has been born. And a user namespace is made by a process alone: an idle one
/// has its ids mapped, for id-mapped mounts.
/// </summary>
public sealed class IdleProcess : IDisposable
{
    private const int SIGKILL = 9;

    private readonly Fd process;
    private readonly Fd socket;

    private IdleProcess(int pid, Fd socket) => (Pid, process, this.socket) = (pid, PidFds.Open(pid), socket);

    /// <summary>Its pid.</summary>
    public int Pid { get; }

    /// <summary>Starts the process; some 150 µs.</summary>
    /// <param name="launcher">The launcher (<see cref="Launcher.Load"/>).</param>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static IdleProcess Start(Fd launcher) => Start(launcher, NamespaceKinds.None);

    /// <summary>A user namespace with its ids mapped.</summary>
    /// <param name="launcher">The launcher.</param>
    /// <param name="users">Lines of <c>inside outside count</c>, as <c>/proc/PID/uid_map</c> reads them.</param>
    /// <param name="groups">The same for groups.</param>
    /// <exception cref="LinuxException">It cannot be made.</exception>
    public static Fd NewUserNamespace(Fd launcher, string users, string groups)
    {
        using var owner = Start(launcher, NamespaceKinds.User);
        Span<byte> buffer = stackalloc byte[LaunchRecord.Size];
        var length = SeqPacketSocket.Receive(owner.socket, buffer, [], wait: true);
        var told = length == 0 ? new LaunchRecord(LaunchRecordKind.Failed, 0, Errno.ESRCH) : LaunchRecord.Read(buffer);
        if (told.Kind == LaunchRecordKind.Failed) throw new LinuxException("make a user namespace", (int)told.Value);
        Write(owner.Pid, "uid_map", users);
        Write(owner.Pid, "gid_map", groups);
        return Namespaces.Of(owner.Pid, "user");
    }

    /// <summary>Ends the process and reaps it.</summary>
    public void Dispose()
    {
        if (process.IsClosed) return;
        socket.Dispose();
        PidFds.SendSignal(process, SIGKILL);
        Polling.WaitReadable(process, 1000);
        Waiting.Reap(process, out _);
        process.Dispose();
    }

    private static IdleProcess Start(Fd launcher, NamespaceKinds created)
    {
        // It waits for a word that never comes; the end of this process ends it too.
        var builder = new LaunchProgramBuilder();
        if (created != NamespaceKinds.None) builder.Call(SyscallNumbers.unshare, (uint)created);
        builder.Synchronise(SyncPoint.MapIds);
        using var program = Descriptors.SealedMemory("tare-idle", builder.Build().Image);
        using var nothing = RegularFiles.OpenNull();
        var (ours, theirs) = SeqPacketSocket.Pair();
        using (theirs)
        {
            var pid = ProcessSpawn.TryStart(new SpawnRequest { Path = launcher.ProcPath, Arguments = ["launcher"] }, [nothing, nothing, nothing, program, theirs], out var error);
            if (pid > 0) return new IdleProcess(pid, ours);
            ours.Dispose();
            throw new LinuxException("start an idle process", error);
        }
    }

    private static void Write(int pid, string file, string text)
    {
        using var map = Paths.Open($"/proc/{pid}/{file}", OpenFlags.WriteOnly);
        Descriptors.WriteAll(map, System.Text.Encoding.ASCII.GetBytes(text));
    }
}

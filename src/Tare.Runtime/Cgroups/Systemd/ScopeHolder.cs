using Tare.Linux;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Cgroups.Systemd;

/// <summary>
/// A process that does nothing, as the first one of a scope: systemd makes a scope around a living process, and a container is born
/// in groups that are there. It is to end when the container's process has been born; then that keeps the scope.
/// </summary>
public sealed class ScopeHolder : IDisposable
{
    private readonly Fd held;
    private readonly Fd process;

    private ScopeHolder(int pid, Fd process, Fd held) => (Pid, this.process, this.held) = (pid, process, held);

    /// <summary>Its pid, for <see cref="OciCgroupRequest.Pid"/>.</summary>
    public int Pid { get; }

    /// <summary>Starts the process; some 150 µs.</summary>
    /// <param name="launcher">The launcher (<see cref="Launcher.Load"/>).</param>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static ScopeHolder Start(Fd launcher)
    {
        // It waits for a byte that never comes; the end of this process ends it too.
        var builder = new LaunchProgramBuilder();
        builder.Call(SyscallNumbers.read, 0, builder.Bytes(new byte[8]), 1);
        builder.Call(SyscallNumbers.exit_group, 0);
        using var program = Descriptors.SealedMemory("tare-holder", builder.Build());
        using var nothing = RegularFiles.OpenNull();
        var (read, write) = Descriptors.Pipe();
        using (read)
        {
            var pid = ProcessSpawn.TryStart(new SpawnRequest { Path = launcher.ProcPath, Arguments = ["launcher"] }, [read, nothing, nothing, program, nothing], out var error);
            if (pid > 0) return new ScopeHolder(pid, PidFds.Open(pid), write);
            write.Dispose();
            throw new LinuxException("start the process that holds a systemd scope", error);
        }
    }

    /// <summary>Ends the process and reaps it.</summary>
    public void Dispose()
    {
        if (process.IsClosed) return;
        held.Dispose();
        PidFds.SendSignal(process, 9);
        Polling.WaitReadable(process, 1000);
        Waiting.Reap(process, out _);
        process.Dispose();
    }
}

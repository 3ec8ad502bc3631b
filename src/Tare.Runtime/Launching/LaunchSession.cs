using System.Runtime.InteropServices;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Launching;

/// <summary>
/// A launch by a process that waits for it, as an OCI runtime is one: spawns the launcher and hears what its status socket says. The new
/// process is a child of the caller's.
/// </summary>
public sealed class LaunchSession : IDisposable
{
    private const int SIGKILL = 9;

    private readonly List<Fd> received = [];
    private readonly Queue<(LaunchRecord Record, Fd? Descriptor)> early = [];
    private readonly DescriptorList? descriptors;
    private readonly int sent;
    private Fd? status;
    private int launcher;

    private LaunchSession(Fd status, int launcher, DescriptorList? descriptors)
    {
        this.status = status;
        this.launcher = launcher;
        this.descriptors = descriptors;
        sent = descriptors?.All.Count ?? 0;
    }

    /// <summary>The new process, or 0 as long as there is none.</summary>
    public int Pid { get; private set; }

    /// <summary>The master of the new process's terminal. The caller may take it, and disposes it then.</summary>
    public Fd? Terminal { get; set; }

    /// <summary>Gets the listener of a seccomp filter, and disposes it.</summary>
    public required Action<Fd> SeccompListener { get; init; }

    /// <summary>Starts the launcher.</summary>
    /// <param name="program">The launch program.</param>
    /// <param name="descriptors">What it refers to, the caller's.</param>
    /// <param name="seccompListener">See <see cref="SeccompListener"/>.</param>
    /// <param name="stdio">Stdin, stdout and stderr of the new process; null: the caller's own.</param>
    public static LaunchSession Start(LaunchProgram program, DescriptorList descriptors, Action<Fd> seccompListener, Fd[]? stdio = null)
    {
        using var image = Launcher.Load();
        // It must not be one of the numbers that the launcher's descriptors get; and no higher than need be, because a table of descriptors
        // that grows waits for an RCU grace period when a process has threads.
        using var high = Descriptors.Duplicate(image.Number, Launcher.FirstDescriptor + descriptors.All.Count);
        using var memory = Descriptors.SealedMemory("tare-launch", program.Image);
        var own = stdio ?? StandardStreams();
        var (ours, theirs) = SeqPacketSocket.Pair();
        try
        {
            var passed = new Fd[Launcher.FirstDescriptor + descriptors.All.Count];
            own.CopyTo(passed, 0);
            passed[3] = memory;
            passed[Launcher.StatusDescriptor] = theirs;
            for (var i = 0; i < descriptors.All.Count; i++) passed[Launcher.FirstDescriptor + i] = descriptors.All[i];
            var pid = ProcessSpawn.TryStart(new SpawnRequest { Path = high.ProcPath, Arguments = ["tare-launcher"] }, passed, out var error);
            if (pid < 0) throw new LinuxException("start the launcher", error);
            return new LaunchSession(ours, pid, descriptors) { SeccompListener = seccompListener };
        }
        catch
        {
            ours.Dispose();
            throw;
        }
        finally
        {
            theirs.Dispose();
            if (stdio is null) foreach (var fd in own) fd.Dispose();
        }
    }

    /// <summary>Listens to a process that was created earlier, and waits for the word to start.</summary>
    public static LaunchSession Of(Fd connection, Action<Fd> seccompListener) => new(connection, 0, null) { SeccompListener = seccompListener };

    /// <summary>Waits for the next thing that the caller has to act upon: the start, a stop, the failure; null: the program is executed.</summary>
    /// <exception cref="TareException">The launcher died without a word.</exception>
    public LaunchRecord? Next()
    {
        while (Hear() is var (record, descriptor))
        {
            // The process may speak before the launcher has told of it.
            if (Pid == 0 && launcher > 0 && record.Kind is not (LaunchRecordKind.Started or LaunchRecordKind.Failed))
            {
                early.Enqueue((record, descriptor));
                continue;
            }
            if (record.Kind == LaunchRecordKind.Started) Pid = (int)record.Value;
            if (record.Kind != LaunchRecordKind.Descriptor || descriptor is null) return record;
            if (record.Value == (long)SentDescriptor.SeccompListener) SeccompListener(descriptor);
            else Terminal = descriptor;
        }
        return null;
    }

    /// <summary>Lets a program go on that has stopped.</summary>
    public void Continue(LaunchRecord stopped)
    {
        Span<byte> buffer = stackalloc byte[LaunchRecord.Size];
        stopped.Write(buffer);
        SeqPacketSocket.Send(status!, buffer, [], wait: true);
    }

    /// <summary>
    /// Of a program that was started with its first part alone: sends the whole when <see cref="SyncPoint.Rest"/> is reached, with what was
    /// added to the descriptors meanwhile. All of them are closed then: a mount that is held here could not be unmounted in the container.
    /// </summary>
    public void SendRest(LaunchProgram program)
    {
        using var memory = Descriptors.SealedMemory("tare-launch", program.Image);
        var passed = new List<Fd>();
        for (var i = sent; i < descriptors!.All.Count; i++) passed.Add(descriptors.All[i]);
        // The program is the last of the descriptors; the value of each message says whether there are more.
        passed.Add(memory);
        Span<byte> message = stackalloc byte[LaunchRecord.Size];
        for (var i = 0; i < passed.Count; i += SeqPacketSocket.MaxDescriptors)
        {
            var some = passed.Slice(i, Math.Min(SeqPacketSocket.MaxDescriptors, passed.Count - i));
            new LaunchRecord(LaunchRecordKind.Reached, 0, i + some.Count < passed.Count ? 1 : 0).Write(message);
            try
            {
                SeqPacketSocket.Send(status!, message, CollectionsMarshal.AsSpan(some), wait: true);
            }
            catch (LinuxException e) when (e.Error is Errno.EPIPE or Errno.ECONNRESET)
            {
                // The process is gone: what it has said of that, or that it has said nothing, is read next.
                break;
            }
        }
        descriptors.Dispose();
    }

    /// <summary>Ends the launch, and the process if there is one already.</summary>
    public void Abort()
    {
        LearnPid();
        status?.Dispose();
        status = null;
        if (Pid > 0) Kill(Pid);
        if (launcher > 0) Kill(launcher);
        ReapLauncher();
        if (Pid > 0) Reap(Pid);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        status?.Dispose();
        Terminal?.Dispose();
        foreach (var (_, descriptor) in early) descriptor?.Dispose();
        ReapLauncher();
    }

    /// <summary>The next record, and what came with it; null when there are no more.</summary>
    private (LaunchRecord Record, Fd? Descriptor)? Hear()
    {
        if (Pid != 0 && early.TryDequeue(out var before)) return before;
        if (status is not { } socket) return null;
        Span<byte> buffer = stackalloc byte[LaunchRecord.Size];
        if (Receive(socket, buffer) == 0)
        {
            socket.Dispose();
            status = null;
            ReapLauncher();
            return null;
        }
        var descriptor = received.Count > 0 ? received[0] : null;
        received.Clear();
        return (LaunchRecord.Read(buffer), descriptor);
    }

    /// <summary>Of a launch that nobody has listened to yet: the process may be there already. The launcher goes on until it tells so, or fails.</summary>
    private void LearnPid()
    {
        Span<byte> buffer = stackalloc byte[LaunchRecord.Size];
        while (Pid == 0 && launcher > 0 && status is { } socket && Receive(socket, buffer) > 0)
        {
            var record = LaunchRecord.Read(buffer);
            if (record.Kind == LaunchRecordKind.Started) Pid = (int)record.Value;
        }
    }

    /// <summary>A process that ends while nobody has read its last words resets the connection: that is an end too.</summary>
    private int Receive(Fd socket, Span<byte> buffer)
    {
        try
        {
            return SeqPacketSocket.Receive(socket, buffer, received, wait: true);
        }
        catch (LinuxException e) when (e.Error == Errno.ECONNRESET)
        {
            return 0;
        }
    }

    private void ReapLauncher()
    {
        if (launcher > 0) Reap(launcher);
        launcher = 0;
    }

    private static void Kill(int pid)
    {
        using var process = PidFds.TryOpen(pid, out _);
        if (process is not null) PidFds.SendSignal(process, SIGKILL);
    }

    private static void Reap(int pid)
    {
        try
        {
            _ = Waiting.WaitFor(pid);
        }
        catch (LinuxException e) when (e.Error == Errno.ECHILD)
        {
            // Not ours: a process of a container that was created by another run of the runtime.
            return;
        }
    }

    /// <summary>Duplicates of this process's own; a stream that is closed is the null device.</summary>
    private static Fd[] StandardStreams()
    {
        var streams = new Fd[3];
        for (var number = 0; number < streams.Length; number++) streams[number] = Descriptors.TryDuplicate(number) ?? RegularFiles.OpenNull();
        return streams;
    }
}

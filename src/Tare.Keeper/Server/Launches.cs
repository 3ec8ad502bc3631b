using Tare.Keeper.Protocol;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// Spawns launchers and follows what they say on their status sockets. Nothing waits: a launcher that takes long delays
/// nobody else.
/// </summary>
internal sealed class Launches : IDisposable
{
    private const int SIGKILL = 9;

    /// <summary>The launcher's own file must not be one of the numbers that its descriptors get.</summary>
    private const int LauncherNumber = 300;

    private readonly KeeperState state;
    private readonly Outputs outputs;
    private readonly Reaper reaper;
    private readonly Fd nothing = RegularFiles.OpenNull();
    private readonly Fd launcher;
    private readonly string launcherPath;
    private readonly CStrings arguments = new(["tare-launcher"]);
    private readonly CStrings environment = new([]);
    private readonly List<Fd> received = [];
    private int unknown;

    public Launches(KeeperState state, Outputs outputs, Reaper reaper, ReadOnlyMemory<byte> image)
    {
        this.state = state;
        this.outputs = outputs;
        this.reaper = reaper;
        using var sealedImage = image.IsEmpty ? Launcher.Load() : Descriptors.SealedMemory("tare-launcher", image.Span, executable: true);
        launcher = Descriptors.Duplicate(sealedImage.Number, LauncherNumber);
        launcherPath = launcher.ProcPath;
    }

    /// <summary>Answers whoever asked for a launch: by the child's state.</summary>
    public required Action<KeptChild, ulong, ulong> Answer { get; init; }

    /// <summary>Whether a launch is under way that has not told its process yet.</summary>
    public bool ExpectsUnknown => unknown > 0;

    /// <summary>Launches; the answer comes through <see cref="Answer"/>, perhaps at once. Disposes the program and its descriptors.</summary>
    public void Begin(ProcessRecord record, List<Fd> program, ulong session, ulong request)
    {
        var child = new KeptChild { Record = record, Phase = Phase.Launching, Owner = session, Launch = new LaunchState() };
        child.Launch.Waiting.Add((session, request));
        state.Journal.Intent(record);
        state.Children.Add(record.Key, child);
        try
        {
            Spawn(child, program);
        }
        catch (LinuxException error)
        {
            Fail(child, error.Error);
        }
        finally
        {
            foreach (var fd in program) fd.Dispose();
            program.Clear();
        }
    }

    /// <summary>Goes on with a launch that another program began before an upgrade.</summary>
    public void Resume(KeptChild child)
    {
        var launch = child.Launch!;
        if (child.PidFd is null) unknown++;
        else reaper.Know(child);
        if (launch.LauncherPid != 0) reaper.Expect(launch.LauncherPid, _ => LauncherEnded(child));
        if (launch.StatusSocket is { } socket) launch.StatusToken = state.Loop.Add(socket, EpollEvents.In, () => OnStatus(child));
        else if (launch.Failure is not null && child.PidFd is not null) reaper.Watch(child);
    }

    /// <summary>Whether the end of a child may be taken note of: not while its launch is still telling.</summary>
    public static bool MayEnd(KeptChild child) => child.Launch?.StatusSocket is null;

    /// <summary>The process of a launch that failed is gone.</summary>
    public void ProcessEnded(KeptChild child)
    {
        child.Launch!.ProcessGone = true;
        FinishFailure(child);
    }

    public void Dispose()
    {
        launcher.Dispose();
        nothing.Dispose();
        arguments.Dispose();
        environment.Dispose();
    }

    private void Spawn(KeptChild child, List<Fd> program)
    {
        var (record, launch) = (child.Record, child.Launch!);
        Fd? stdin = null, stdout = null, stderr = null, status = null;
        try
        {
            if (!record.Terminal && record.OpenStdin)
            {
                (stdin, child.Stdin) = Descriptors.Pipe();
                Descriptors.SetNonBlocking(child.Stdin, true);
            }
            if (!record.Terminal && record.Output != OutputTarget.Discard)
            {
                (child.Stdout, stdout) = Descriptors.Pipe();
                (child.Stderr, stderr) = Descriptors.Pipe();
                Descriptors.SetNonBlocking(child.Stdout, true);
                Descriptors.SetNonBlocking(child.Stderr, true);
            }
            (launch.StatusSocket, status) = SeqPacketSocket.Pair();
            Fd[] descriptors = [stdin ?? nothing, stdout ?? nothing, stderr ?? nothing, program[0], status, .. program.Skip(1)];
            var pid = ProcessSpawn.TryStart(launcherPath, arguments, environment, descriptors, newSession: false, blockedSignal: 0, out var error);
            if (pid < 0) throw new LinuxException("start the launcher", error);
            launch.LauncherPid = pid;
        }
        finally
        {
            stdin?.Dispose();
            stdout?.Dispose();
            stderr?.Dispose();
            status?.Dispose();
        }
        unknown++;
        reaper.Expect(launch.LauncherPid, _ => LauncherEnded(child));
        launch.StatusToken = state.Loop.Add(launch.StatusSocket, EpollEvents.In, () => OnStatus(child));
    }

    private void OnStatus(KeptChild child)
    {
        var launch = child.Launch!;
        Span<byte> record = stackalloc byte[LaunchRecord.Size];
        while (launch.StatusSocket is { } socket)
        {
            int length;
            try
            {
                length = SeqPacketSocket.Receive(socket, record, received, wait: false);
            }
            catch (LinuxException error)
            {
                launch.Failure ??= (LaunchFailedException.NoStep, error.Error);
                length = 0;
            }
            if (length < 0) return;
            if (length == LaunchRecord.Size) Take(child, LaunchRecord.Read(record));
            foreach (var fd in received) fd.Dispose();
            received.Clear();
            if (length != 0) continue;
            state.Loop.Remove(launch.StatusToken, socket);
            socket.Dispose();
            launch.StatusSocket = null;
        }
        Complete(child);
    }

    private void Take(KeptChild child, LaunchRecord record)
    {
        switch (record.Kind)
        {
            case LaunchRecordKind.Started when child.PidFd is null:
                // Nobody but this thread reaps it: as long as it is unreaped, the number is its own.
                var pid = (int)record.Value;
                child.PidFd = PidFds.TryOpen(pid, out var error);
                if (child.PidFd is null)
                {
                    child.Launch!.Failure ??= (LaunchFailedException.NoStep, error);
                    return;
                }
                unknown--;
                child.Record = child.Record with { Pid = pid, Identity = PidFds.Identity(child.PidFd, pid) };
                reaper.Know(child);
                break;
            case LaunchRecordKind.Failed:
                child.Launch!.Failure ??= (record.Step, (int)record.Value);
                break;
            case LaunchRecordKind.Descriptor when received.Count > 0 && child.Master is null:
                child.Master = received[0];
                received.RemoveAt(0);
                Descriptors.SetNonBlocking(child.Master, true);
                break;
        }
    }

    private void Complete(KeptChild child)
    {
        var launch = child.Launch!;
        if (child.PidFd is null)
        {
            unknown--;
            launch.ProcessGone = true;
            launch.Failure ??= (LaunchFailedException.NoStep, Errno.ECHILD);
        }
        else if (child.Record.Terminal && child.Master is null)
        {
            launch.Failure ??= (LaunchFailedException.NoStep, Errno.EPROTO);
        }
        if (launch.Failure is null)
        {
            child.Phase = Phase.Running;
            child.Record = child.Record with { StartedAt = state.Clock.GetUtcNow() };
            state.Journal.Started(child.Record);
            AnswerAll(child);
            if (launch.LauncherPid == 0) child.Launch = null;
            outputs.Attach(child);
            reaper.Watch(child);
        }
        else if (child.PidFd is { } pidFd)
        {
            PidFds.SendSignal(pidFd, SIGKILL);
            reaper.Watch(child);
        }
        FinishFailure(child);
        reaper.Sweep();
    }

    private void LauncherEnded(KeptChild child)
    {
        if (child.Launch is not { } launch) return;
        launch.LauncherPid = 0;
        if (child.Phase != Phase.Launching) child.Launch = null;
        else FinishFailure(child);
    }

    private void Fail(KeptChild child, int error)
    {
        var launch = child.Launch!;
        launch.StatusSocket?.Dispose();
        launch.StatusSocket = null;
        launch.Failure = (LaunchFailedException.NoStep, error);
        launch.ProcessGone = true;
        FinishFailure(child);
    }

    /// <summary>
    /// Answers a failed launch, once launcher and process are both gone: who hears of the failure can take the cgroup away.
    /// </summary>
    private void FinishFailure(KeptChild child)
    {
        if (child.Launch is not { Failure: not null, StatusSocket: null, LauncherPid: 0, ProcessGone: true }) return;
        state.Children.Remove(child.Key);
        state.Journal.Forget(child.Key);
        outputs.Close(child);
        AnswerAll(child);
    }

    private void AnswerAll(KeptChild child)
    {
        foreach (var (session, request) in child.Launch!.Waiting) Answer(child, session, request);
        child.Launch.Waiting.Clear();
    }
}

using Tare.Runtime.Launching;
using Tare.Engine.Containers;
using Tare.Engine.Launch;
using Tare.Engine.Ports;
using Tare.Engine.Streams;
using Tare.Errors;
using Tare.Keeper;
using Tare.Linux;
using Tare.Sandbox;
using Tare.Wire;

namespace Tare.Engine.Execs;

/// <summary>Starts execs.</summary>
internal sealed class ExecRunner(ExecTable table, LaunchPlanner planner, ISandbox sandbox, IKeeper keeper, Poller poller, ContainerEvents events)
{
    // What Docker records when an exec could not be started and nobody says more.
    private const int NotExecutable = 126;

    /// <summary>Launches an exec. With streams it fails only before it is the exec's turn; what fails then is told on the streams.</summary>
    public async Task<IProcessStreams?> StartAsync(Exec exec, ExecStartRequest start)
    {
        try
        {
            Begin(exec);
            return await LaunchAsync(exec, start);
        }
        catch (TareException e) when (!start.Detach)
        {
            return new MessageStream(e.Message, exec.Request.Tty);
        }
    }

    /// <summary>What the sandbox is asked for. Also used to find out early that a user does not exist.</summary>
    public ILaunch Prepare(Exec exec, LiveProcess container, IReadOnlyList<int>? size)
    {
        var request = exec.Request;
        var options = new ExecOptions
        {
            Container = planner.ForExec(exec.Container.Definition, request.Tty),
            ContainerPidFd = container.PidFd ?? throw ContainerErrors.NotRunning(exec.Container),
            Args = exec.Arguments,
            Env = request.Env ?? [],
            WorkingDirectory = request.WorkingDir,
            User = request.User,
            Terminal = request.Tty,
            ConsoleSize = request.Tty && (size ?? request.ConsoleSize) is [> 0 and var rows, > 0 and var columns] ? ((ushort)rows, (ushort)columns) : default,
            Privileged = request.Privileged,
        };
        return sandbox.PrepareExec(options, container.Cgroup);
    }

    private void Begin(Exec exec)
    {
        lock (exec.Gate)
        {
            if (exec.ExitCode is not null) throw TareException.Conflict($"exec command {exec.Id} has already run");
            if (exec.Running) throw TareException.Conflict($"exec command {exec.Id} is already running");
            exec.Running = true;
        }
        events.Publish(exec.Container, $"{EventAction.ExecStart}: {exec.CommandLine}", ("execID", exec.Id));
    }

    private static bool IsRelative(string directory) => directory.Length > 0 && directory[0] != '/';

    private async Task<IProcessStreams?> LaunchAsync(Exec exec, ExecStartRequest start)
    {
        var request = exec.Request;
        var key = new ProcessKey(exec.Id, 1);
        LaunchedProcess process;
        ICgroup cgroup;
        ILaunch? launch = null;
        try
        {
            // Compiled under the gate, so that the container's process does not go meanwhile; launched without, so that execs do not queue.
            using (await exec.Container.Gate.EnterAsync(CancellationToken.None))
            {
                var container = exec.Container.Live ?? throw ContainerErrors.NotRunning(exec.Container);
                if (IsRelative(request.WorkingDir)) throw TareException.Invalid(LaunchWords.RelativeDirectory.Message);
                launch = Prepare(exec, container, start.ConsoleSize);
                cgroup = container.Cgroup;
            }
            process = await keeper.LaunchAsync(
                new LaunchRequest
                {
                    Key = key,
                    Container = exec.Container.Id,
                    Program = launch.Program,
                    Descriptors = launch.Descriptors,
                    Terminal = request.Tty,
                    OpenStdin = request.AttachStdin && !start.Detach,
                    Output = start.Detach ? OutputTarget.Discard : OutputTarget.Caller,
                },
                CancellationToken.None);
        }
        catch (Exception e)
        {
            var failure = e is LaunchFailedException { Step: >= 0 } step && launch is not null
                ? LaunchWords.OfExec(launch.Explain(step.Step, step.Error), step.Error)
                : IsRelative(request.WorkingDir) ? LaunchWords.RelativeDirectory : new LaunchFailure(e.Message, NotExecutable);
            table.Finish(exec, failure.ExitCode);
            exec.Started.TrySetResult(false);
            exec.Ended.TrySetResult();
            throw e is TareException { Kind: ErrorKind.Conflict } ? e : new TareException(ErrorKind.InvalidArgument, failure.Message, e);
        }
        finally
        {
            launch?.Dispose();
        }
        var live = new LiveProcess
        {
            Key = key,
            Pid = process.Pid,
            PidFd = process.PidFd,
            Terminal = process.Terminal,
            Input = request.AttachStdin && !start.Detach ? ContainerLauncher.InputOf(poller, process.Stdin, process.Terminal) : null,
            Cgroup = cgroup,
        };
        IProcessStreams? streams = start.Detach ? null : new ExecStream(exec, process, live.Input, keeper, poller, () => events.Publish(exec.Container, EventAction.ExecDetach, ("execID", exec.Id)));
        bool ended;
        lock (exec.Gate)
        {
            exec.Pid = process.Pid;
            // Its end may have been told before the answer to its launch.
            ended = exec.ExitCode is not null;
            if (!ended) exec.Live = live;
        }
        if (ended) live.Dispose();
        exec.Started.TrySetResult(true);
        return streams;
    }
}

using System.Security.Cryptography;
using Tare.Engine.Containers;
using Tare.Engine.Streams;
using Tare.Errors;
using Tare.Linux;
using Tare.Wire;

namespace Tare.Engine.Execs;

/// <summary>Further processes in running containers, for the API.</summary>
public sealed class ExecService
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);

    private readonly ContainerRegistry registry;
    private readonly ExecTable table;
    private readonly ExecRunner runner;
    private readonly ContainerEvents events;

    internal ExecService(ContainerRegistry registry, ExecTable table, ExecRunner runner, ContainerEvents events)
    {
        this.registry = registry;
        this.table = table;
        this.runner = runner;
        this.events = events;
    }

    /// <summary>Prepares an exec and gives its id.</summary>
    public async Task<IDResponse> CreateAsync(string container, ExecCreateRequest request, CancellationToken cancellationToken)
    {
        if (request.Cmd is not { Count: > 0 } arguments) throw TareException.Invalid("No exec command specified");
        var found = registry.Find(container);
        CheckRuns(found, container);
        CheckDetachKeys(request.DetachKeys);
        var exec = new Exec(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), found, request, arguments);
        if (request.User.Length > 0) await CheckUserAsync(exec, cancellationToken);
        table.Add(exec);
        events.Publish(found, $"{EventAction.ExecCreate}: {exec.CommandLine}", ("execID", exec.Id));
        return new IDResponse { Id = exec.Id };
    }

    /// <summary>
    /// Starts an exec. The streams that it was created with are given back; with Detach null, and its output goes nowhere.
    /// The task ends when the program is executed. A program that cannot be executed is told on the streams, as Docker does, since a
    /// client looks for it there; only with Detach it is an error here.
    /// </summary>
    /// <param name="id">The exec's.</param>
    /// <param name="request">How to start it.</param>
    /// <param name="announce">
    /// Called, unless with Detach, when there will be streams and before the launch: the head of an answer that goes out then is ahead
    /// of the first output. What it throws is passed on, and nothing was started.
    /// </param>
    /// <param name="cancellationToken">Only before the launch.</param>
    /// <exception cref="TareException">There is no such exec, or its container does not run.</exception>
    public async Task<IProcessStreams?> StartAsync(string id, ExecStartRequest request, Func<Task> announce, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var exec = FindUsable(id);
        if (!request.Detach) await announce();
        return await runner.StartAsync(exec, request);
    }

    /// <summary>What an exec is, and how it ended.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>.</exception>
    public ExecInspectResponse Inspect(string id)
    {
        var exec = table.Find(id);
        if (registry.TryFind(exec.Container.Id) is null) throw TareException.NotFound("No such exec instance: " + id);
        var request = exec.Request;
        lock (exec.Gate)
        {
            return new ExecInspectResponse
            {
                ID = exec.Id,
                Running = exec.Running,
                ExitCode = exec.ExitCode,
                ProcessConfig = new ProcessConfig
                {
                    Tty = request.Tty,
                    Entrypoint = exec.Arguments[0],
                    Arguments = [.. exec.Arguments.Skip(1)],
                    Privileged = request.Privileged,
                    User = request.User.Length > 0 ? request.User : exec.Container.Definition.Config.User,
                },
                OpenStdin = request.AttachStdin,
                OpenStdout = request.AttachStdout,
                OpenStderr = request.AttachStderr,
                CanRemove = false,
                ContainerID = exec.Container.Id,
                DetachKeys = DetachKeys.BytesOf(request.DetachKeys),
                Pid = exec.Pid,
            };
        }
    }

    /// <summary>Changes the size of an exec's terminal, where it has one; waits until it has been started.</summary>
    public async Task ResizeAsync(string id, int rows, int columns, CancellationToken cancellationToken)
    {
        var exec = FindUsable(id);
        try
        {
            if (!await exec.Started.Task.WaitAsync(StartPatience, cancellationToken)) throw TareException.Invalid("exec process is not started");
        }
        catch (TimeoutException)
        {
            throw TareException.Internal("timeout waiting for exec session ready");
        }
        lock (exec.Gate)
        {
            if (exec.Live?.Terminal is { } terminal) Terminals.Resize(terminal, rows, columns);
        }
    }

    private static void CheckRuns(Container container, string name)
    {
        var state = container.State;
        if (state.Phase == Phase.Paused) throw TareException.Conflict($"Container {name} is paused, unpause the container before exec");
        if (state.Phase == Phase.Restarting) throw ContainerErrors.Restarting(container);
        if (!state.IsRunning) throw ContainerErrors.NotRunning(container);
    }

    private static void CheckDetachKeys(string keys)
    {
        try
        {
            DetachKeys.Parse(keys);
        }
        catch (TareException)
        {
            throw TareException.Internal($"Invalid escape keys ({keys}) provided");
        }
    }

    private Exec FindUsable(string id)
    {
        var exec = table.Find(id);
        if (registry.TryFind(exec.Container.Id) is null) throw ContainerRegistry.NoSuch(id);
        CheckRuns(exec.Container, exec.Container.Id);
        return exec;
    }

    /// <summary>A user who does not exist is said now, as Docker does, and not on the streams.</summary>
    private async Task CheckUserAsync(Exec exec, CancellationToken cancellationToken)
    {
        using var held = await exec.Container.Gate.EnterAsync(cancellationToken);
        var live = exec.Container.Live ?? throw ContainerErrors.NotRunning(exec.Container);
        runner.Prepare(exec, live, size: null).Dispose();
    }
}

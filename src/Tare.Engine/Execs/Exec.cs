using Tare.Engine.Containers;
using Tare.Wire;

namespace Tare.Engine.Execs;

/// <summary>A further process in a container. Its progress is guarded by a lock on the object itself.</summary>
internal sealed class Exec(string id, Container container, ExecCreateRequest request, IReadOnlyList<string> arguments)
{
    public string Id { get; } = id;

    public Container Container { get; } = container;

    public ExecCreateRequest Request { get; } = request;

    /// <summary>The program and its arguments; never empty.</summary>
    public IReadOnlyList<string> Arguments { get; } = arguments;

    public Lock Gate { get; } = new();

    public bool Running { get; set; }

    public int? ExitCode { get; set; }

    public int Pid { get; set; }

    /// <summary>The process while it lives.</summary>
    public LiveProcess? Live { get; set; }

    /// <summary>Completed when the launch has succeeded (true) or failed.</summary>
    public TaskCompletionSource<bool> Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completed when its exit code is known.</summary>
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When it ended; it is forgotten some minutes later.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>As the events name it: the program, a blank, and the arguments, of which there may be none.</summary>
    public string CommandLine => $"{Arguments[0]} {string.Join(' ', Arguments.Skip(1))}";
}

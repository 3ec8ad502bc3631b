using System.Collections.Concurrent;
using System.Globalization;
using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Keeper;
using Tare.Wire;

namespace Tare.Engine.Execs;

/// <summary>All execs by id. One that has ended can be inspected for some minutes more.</summary>
internal sealed class ExecTable(ContainerEvents events, TimeProvider time)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Exec> all = new(StringComparer.Ordinal);

    /// <summary>Adds a new exec, and forgets those that ended long ago.</summary>
    public void Add(Exec exec)
    {
        Purge();
        all[exec.Id] = exec;
        exec.Container.Execs[exec.Id] = exec;
    }

    /// <summary>Finds an exec.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>.</exception>
    public Exec Find(string id) => all.GetValueOrDefault(id) ?? throw TareException.NotFound("No such exec instance: " + id);

    /// <summary>The end of a process that is an exec: false when it is none.</summary>
    public bool Ended(ProcessExit exit)
    {
        if (!all.TryGetValue(exit.Key.Id, out var exec)) return false;
        Finish(exec, exit.ExitCode ?? 255);
        events.Publish(exec.Container, EventAction.ExecDie, ("execID", exec.Id), ("exitCode", (exit.ExitCode ?? 255).ToString(CultureInfo.InvariantCulture)));
        exec.Ended.TrySetResult();
        return true;
    }

    /// <summary>An exec has ended, or could not be launched.</summary>
    public void Finish(Exec exec, int exitCode)
    {
        exec.Container.Execs.TryRemove(exec.Id, out _);
        LiveProcess? live;
        lock (exec.Gate)
        {
            exec.Running = false;
            exec.ExitCode ??= exitCode;
            exec.EndedAt = time.GetUtcNow();
            (live, exec.Live) = (exec.Live, null);
        }
        live?.Dispose();
    }

    /// <summary>The container's process has ended: execs of it that were never started never will be.</summary>
    public void ContainerEnded(Container container)
    {
        foreach (var exec in container.Execs.Values)
        {
            lock (exec.Gate)
            {
                if (exec.Running || exec.ExitCode is not null) continue;
            }
            container.Execs.TryRemove(exec.Id, out _);
            all.TryRemove(exec.Id, out _);
        }
    }

    private void Purge()
    {
        var limit = time.GetUtcNow() - Remembered;
        foreach (var exec in all.Values)
        {
            if (exec.EndedAt < limit) all.TryRemove(exec.Id, out _);
        }
    }
}

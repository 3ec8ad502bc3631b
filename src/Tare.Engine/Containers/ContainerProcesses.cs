using Tare.Engine.Top;
using Tare.Linux;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>Looks into a running container. The caller holds its gate, so that the processes' places do not go meanwhile.</summary>
internal sealed class ContainerProcesses(TimeProvider time)
{
    /// <summary>Its processes, in the columns of ps.</summary>
    public ContainerTopResponse Top(Container container, PsFormat format)
    {
        var live = Running(container);
        return new ContainerTopResponse
        {
            Titles = [.. format.Columns.Select(column => column.Title)],
            Processes = ProcessTable.Rows(live.Cgroup.Processes(), format, time),
        };
    }

    /// <summary>Changes the size of its terminal. Without one nothing happens, as with Docker: clients tell of each change without asking first.</summary>
    public static void Resize(Container container, int rows, int columns)
    {
        if (Running(container).Terminal is { } terminal) Terminals.Resize(terminal, rows, columns);
    }

    private static LiveProcess Running(Container container)
    {
        if (container.State.Phase == Phase.Restarting) throw ContainerErrors.Restarting(container);
        return container.Live ?? throw ContainerErrors.NotRunning(container);
    }
}

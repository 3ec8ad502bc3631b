using Tare.Engine.Networks;
using Tare.Engine.Ports;
using Tare.Engine.Streams;
using Tare.Keeper;
using Tare.Linux;

namespace Tare.Engine.Containers;

/// <summary>What the engine holds of a process that lives. Disposing it closes the descriptors but the root and does nothing to the process.</summary>
internal sealed class LiveProcess : IDisposable
{
    public required ProcessKey Key { get; init; }

    public required int Pid { get; init; }

    /// <summary>Null when the keeper could not open it any more; it has then ended, and its exit is on its way.</summary>
    public required Fd? PidFd { get; init; }

    /// <summary>The terminal's master, for its size.</summary>
    public required Fd? Terminal { get; init; }

    /// <summary>Where input goes; null when it has none.</summary>
    public required ProcessInput? Input { get; init; }

    public required ICgroup Cgroup { get; init; }

    /// <summary>
    /// A container's root, held so that the process's end is known before the root is unmounted, which writes what is dirty to the disk.
    /// Not closed by <see cref="Dispose"/>: that takes as long as the disk does. Null for an exec, and after an engine's restart.
    /// </summary>
    public Fd? Root { get; init; }

    /// <summary>Its networks, where they are looked after. Not closed by <see cref="Dispose"/>: its devices are taken away first.</summary>
    public LiveNetwork? Network { get; init; }

    /// <summary>Sends a signal; false when the process has ended.</summary>
    public bool Signal(int number) => PidFd is not null && PidFds.SendSignal(PidFd, number);

    public void Dispose()
    {
        PidFd?.Dispose();
        Input?.Dispose();
        Terminal?.Dispose();
    }
}

using System.Globalization;
using Tare.Linux;

namespace Tare.Runtime.Cgroups;

/// <summary>What there is to say when a watch for the OOM killer becomes readable.</summary>
public enum OomEvent
{
    /// <summary>Something else happened; wait on.</summary>
    None = 0,

    /// <summary>The OOM killer struck, or memory is at its limit and the killer is switched off.</summary>
    OutOfMemory,

    /// <summary>The last process has ended, or the group is gone: nothing more will come.</summary>
    Ended,
}

/// <summary>
/// A watch for the OOM killer: on v1 an eventfd that the kernel signals (<c>cgroup.event_control</c>), on v2 an inotify on
/// <c>memory.events</c>, because poll(2) cannot be cleared of the file's exceptional state together with others.
/// </summary>
public sealed class OomWatch : IDisposable
{
    private readonly string directory;
    private readonly Fd? control;
    private ulong seen;

    private OomWatch(string directory, Fd signal, Fd? control) => (this.directory, Signal, this.control) = (directory, signal, control);

    /// <summary>Becomes readable when something happened; then call <see cref="Take"/>.</summary>
    public Fd Signal { get; }

    internal static OomWatch V1(string directory)
    {
        var signal = EventFds.Create();
        var control = ControlFiles.TryOpen(directory, "memory.oom_control", OpenFlags.ReadOnly, out var error);
        if (control is not null) error = ControlFiles.TryWrite(directory, "cgroup.event_control", string.Create(CultureInfo.InvariantCulture, $"{signal.Number} {control.Number}"));
        if (error == 0) return new OomWatch(directory, signal, control);
        signal.Dispose();
        control?.Dispose();
        throw new LinuxException($"watch {directory} for the OOM killer", error);
    }

    internal static OomWatch V2(string directory)
    {
        var watch = new OomWatch(directory, Inotify.WatchModified(directory + "/memory.events", directory + "/cgroup.events"), null);
        watch.seen = watch.Kills() ?? 0;
        return watch;
    }

    /// <summary>What has happened since the last call; does not wait.</summary>
    public OomEvent Take()
    {
        if (control is not null)
        {
            // The removal of the group signals too.
            if (EventFds.Take(Signal) == 0) return OomEvent.None;
            return FileFacts.KindOf(directory + "/cgroup.event_control") == FileKind.Missing ? OomEvent.Ended : OomEvent.OutOfMemory;
        }
        Span<byte> events = stackalloc byte[1024];
        while (Descriptors.TryRead(Signal, events, out _) > 0)
        {
            // What counts is in the files.
        }
        if (Kills() is not { } kills) return OomEvent.Ended;
        if (kills > seen)
        {
            seen = kills;
            return OomEvent.OutOfMemory;
        }
        return ControlFiles.TryRead(directory, "cgroup.events", out _) is { } text && ControlText.Find(text, "populated"u8) != 0 ? OomEvent.None : OomEvent.Ended;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Signal.Dispose();
        control?.Dispose();
    }

    private ulong? Kills() => ControlFiles.TryRead(directory, "memory.events", out _) is { } text ? ControlText.Find(text, "oom_kill"u8) ?? 0 : null;
}

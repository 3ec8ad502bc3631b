using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Errors;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Containers;
using Tare.Linux;

namespace Tare.Cli.Oci;

/// <summary>oci events: what a container uses, every few seconds, and when the OOM killer strikes in it; a line of JSON each.</summary>
internal sealed class OciEvents : OciVerb
{
    private const long DefaultInterval = 5_000_000_000;
    private const long NanosecondsPerMillisecond = 1_000_000;

    private readonly DurationFlag interval;
    private readonly SwitchFlag stats;

    public OciEvents()
        : base("<container-id>", "Print what a container uses, and when its memory runs out", ArgumentCount.Exactly(1))
    {
        interval = Flags.Add(new DurationFlag("interval", "Time between two prints, such as 500ms or 1m; without it 5s"));
        stats = Flags.Switch("stats", "Print what it has used until now, and end");
    }

    public override int Run(OciSession session, IReadOnlyList<string> arguments)
    {
        using var container = OciContainer.Open(session.Context, arguments[0]);
        var nanoseconds = interval.Given ? interval.Nanoseconds : DefaultInterval;
        if (nanoseconds <= 0) throw new CommandException("duration interval must be greater than 0: use one such as 5s");
        if (container.Status() == ContainerStatus.Stopped) throw new CommandException($"container with id {container.Id} is not running: start one, for what has stopped uses nothing");
        if (stats.Value) session.Out.WriteThrough(EventJson.Stats(container.Id, container.Cgroup.ReadStats()));
        else Follow(session, container, Math.Max(1, nanoseconds / NanosecondsPerMillisecond));
        return 0;
    }

    /// <summary>Goes on until the control groups are gone.</summary>
    private static void Follow(OciSession session, OciContainer container, long milliseconds)
    {
        using var watch = container.Cgroup.WatchOom();
        var next = Environment.TickCount64 + milliseconds;
        while (true)
        {
            var left = Math.Clamp(next - Environment.TickCount64, 0, int.MaxValue);
            if (Polling.WaitReadable(watch.Signal, (int)left))
            {
                var happened = watch.Take();
                if (happened == OomEvent.Ended) return;
                if (happened == OomEvent.OutOfMemory) session.Out.WriteThrough(EventJson.OutOfMemory(container.Id));
            }
            if (Environment.TickCount64 < next) continue;
            // Missed moments are not made up for.
            next = Math.Max(next + milliseconds, Environment.TickCount64);
            Print(session, container);
        }
    }

    private static void Print(OciSession session, OciContainer container)
    {
        try
        {
            session.Out.WriteThrough(EventJson.Stats(container.Id, container.Cgroup.ReadStats()));
        }
        catch (TareException e)
        {
            // The groups are on their way out, which the watch tells next; whatever else it is, the next time may be better.
            session.Log.Fail(e.Message);
        }
    }
}

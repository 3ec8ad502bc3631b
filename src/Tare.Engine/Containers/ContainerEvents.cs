using System.Globalization;
using Tare.Engine.Events;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>Events of containers, with Docker's attributes: the labels, the image, the name, and what belongs to the action.</summary>
internal sealed class ContainerEvents(EventLog log)
{
    /// <summary>Publishes an event of a container.</summary>
    public void Publish(Container container, string action, params ReadOnlySpan<(string Name, string Value)> more)
    {
        var attributes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in more) attributes[name] = value;
        var config = container.Definition.Config;
        foreach (var (name, value) in config.Labels ?? new Dictionary<string, string>()) attributes[name] = value;
        if (config.Image.Length > 0) attributes["image"] = config.Image;
        attributes["name"] = container.Name;
        log.Publish(EventType.Container, action, container.Id, attributes);
    }

    /// <summary>Its first process has ended.</summary>
    public void Died(Container container, LifeState state)
    {
        var ran = state is { StartedAt: { } start, FinishedAt: { } end } && end > start ? end - start : TimeSpan.Zero;
        Publish(container, EventAction.Die, ("exitCode", Number(state.ExitCode)), ("execDuration", Number((long)ran.TotalSeconds)));
    }

    /// <summary>A signal was sent.</summary>
    public void Killed(Container container, int signal) => Publish(container, EventAction.Kill, ("signal", Number(signal)));

    /// <summary>Containers were pruned.</summary>
    public void Pruned(ulong reclaimed) =>
        log.Publish(EventType.Container, EventAction.Prune, "", new Dictionary<string, string> { ["reclaimed"] = reclaimed.ToString(CultureInfo.InvariantCulture) });

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using Tare.Engine.Create;
using Tare.Engine.Events;
using Tare.Wire;

namespace Tare.Engine.Volumes;

/// <summary>Events of volumes, with Docker's attributes.</summary>
internal sealed class VolumeEvents(EventLog log)
{
    private const string DriverAttribute = "driver";
    private const string ContainerAttribute = "container";

    /// <summary>A volume was made.</summary>
    public void Created(string volume) => Publish(volume, EventAction.Create, []);

    /// <summary>A volume was removed.</summary>
    public void Destroyed(string volume) => Publish(volume, EventAction.Destroy, []);

    /// <summary>A container that starts has it mounted.</summary>
    public void Mounted(ContainerMount mount, string container) => Publish(
        mount.Volume!.Name,
        EventAction.Mount,
        new Dictionary<string, string>
        {
            [ContainerAttribute] = container,
            ["destination"] = mount.Target,
            ["propagation"] = "",
            ["read/write"] = mount.ReadOnly ? "false" : "true",
        });

    /// <summary>The container has ended.</summary>
    public void Unmounted(string volume, string container) => Publish(volume, EventAction.Unmount, new Dictionary<string, string> { [ContainerAttribute] = container });

    /// <summary>Volumes were pruned.</summary>
    public void Pruned(ulong reclaimed) =>
        log.Publish(EventType.Volume, EventAction.Prune, "", new Dictionary<string, string> { ["reclaimed"] = reclaimed.ToString(CultureInfo.InvariantCulture) });

    private void Publish(string volume, string action, Dictionary<string, string> attributes)
    {
        attributes[DriverAttribute] = Tare.Volumes.Volume.Driver;
        log.Publish(EventType.Volume, action, volume, attributes);
    }
}

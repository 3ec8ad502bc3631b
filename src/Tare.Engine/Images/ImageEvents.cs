using Tare.Engine.Events;
using Tare.Images;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Events of images, with Docker's attributes: the labels and the name.</summary>
internal static class ImageEvents
{
    public static void Publish(EventLog log, Image image, string action, string name)
    {
        var attributes = new Dictionary<string, string>(image.Config.Config?.Labels ?? new Dictionary<string, string>()) { ["name"] = name };
        log.Publish(EventType.Image, action, image.Id.ToString(), attributes);
    }
}

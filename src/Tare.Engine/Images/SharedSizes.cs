using Tare.Images;

namespace Tare.Engine.Images;

/// <summary>How much of an image other images have too.</summary>
internal static class SharedSizes
{
    /// <summary>By id: the bytes of the layers that are in more than one image.</summary>
    public static IReadOnlyDictionary<string, long> Of(IReadOnlyList<Image> images)
    {
        var users = images.SelectMany(image => image.LayerDirectories.Distinct(StringComparer.Ordinal)).CountBy(layer => layer).ToDictionary(StringComparer.Ordinal);
        return images.ToDictionary(
            image => image.Id.ToString(),
            image => image.LayerDirectories.Zip(image.LayerSizes).Where(layer => users[layer.First] > 1).Sum(layer => layer.Second),
            StringComparer.Ordinal);
    }
}

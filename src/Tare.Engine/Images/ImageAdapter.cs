using Tare.Engine.Ports;
using Tare.Images;
using Tare.Images.Roots;
using Tare.Oci.Images;

namespace Tare.Engine.Images;

/// <summary>The image store below, as containers see it.</summary>
internal sealed class ImageAdapter(ImageStore store) : IImageSource
{
    /// <inheritdoc/>
    public ContainerImage Resolve(string reference, OciPlatform? platform) => ToContainerImage(store.Get(reference, platform));

    /// <inheritdoc/>
    public ContainerImage? Find(string reference) => store.Find(reference) is { } image ? ToContainerImage(image) : null;

    /// <inheritdoc/>
    public StorageDriver Driver => store.Layers.Driver;

    /// <inheritdoc/>
    public WritableRoot CreateWritable(string containerId, string imageId, IReadOnlyList<string> mountedIds) =>
        store.CreateWritable(containerId, store.Get(imageId), [.. mountedIds.Select(store.Get)]);

    /// <inheritdoc/>
    public WritableRoot? FindWritable(string containerId) => store.Layers.FindWritable(containerId);

    /// <inheritdoc/>
    public MountedImage? FindMounted(string containerId, int mount) => store.Layers.FindMounted(containerId, mount);

    /// <inheritdoc/>
    public void RemoveWritable(string containerId) => store.Layers.RemoveWritable(containerId);

    /// <inheritdoc/>
    public void SweepWritables(IReadOnlySet<string> containers) => store.Layers.SweepWritables(containers);

    private static ContainerImage ToContainerImage(Image image) => new()
    {
        Id = image.Id.ToString(),
        Os = image.Config.Os ?? "linux",
        Architecture = image.Config.Architecture ?? "",
        Size = image.Size,
        Config = ImageViews.Config(image.Config.Config),
    };
}

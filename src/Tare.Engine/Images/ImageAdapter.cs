using Tare.Engine.Ports;
using Tare.Images;
using Tare.Linux;

namespace Tare.Engine.Images;

/// <summary>The image store below, as containers see it.</summary>
internal sealed class ImageAdapter(ImageStore store) : IImageSource
{
    /// <summary>rwxr-xr-x, as Docker's file has it.</summary>
    private const int ReadableProgram = 0x1ed;

    /// <inheritdoc/>
    public ContainerImage Resolve(string reference) => ToContainerImage(store.Get(reference));

    /// <inheritdoc/>
    public ContainerImage? Find(string reference) => store.Find(reference) is { } image ? ToContainerImage(image) : null;

    /// <inheritdoc/>
    public ContainerLayers CreateWritable(string containerId, string imageId)
    {
        var layers = ToLayers(store.Layers.CreateWritable(containerId, store.Get(imageId)));
        Mark(layers.Upper);
        return layers;
    }

    /// <inheritdoc/>
    public ContainerLayers? FindWritable(string containerId) => store.Layers.FindWritable(containerId) is { } layer ? ToLayers(layer) : null;

    /// <inheritdoc/>
    public void RemoveWritable(string containerId) => store.Layers.RemoveWritable(containerId);

    /// <inheritdoc/>
    public void SweepWritables(IReadOnlySet<string> containers) => store.Layers.SweepWritables(containers);

    /// <summary>
    /// The empty file by which programs know that they are in a container (Testcontainers, is-docker, systemd-detect-virt). It is the
    /// engine's and no change of the container's: what shows or keeps changes leaves it out.
    /// </summary>
    private static void Mark(string upper)
    {
        using var file = Paths.Open(Path.Combine(upper, ".dockerenv"), OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.WriteOnly | Paths.NoFollow, ReadableProgram);
        // The umask of the process may have taken bits away.
        NodeAttributes.SetMode(file, ReadableProgram);
    }

    private static ContainerLayers ToLayers(Tare.Images.Layers.WritableLayer layer) => new([.. layer.Lower.Reverse()], layer.Upper, layer.Work);

    private static ContainerImage ToContainerImage(Image image) => new()
    {
        Id = image.Id.ToString(),
        Os = image.Config.Os ?? "linux",
        Architecture = image.Config.Architecture ?? "",
        Size = image.Size,
        Config = ImageViews.Config(image.Config.Config),
    };
}

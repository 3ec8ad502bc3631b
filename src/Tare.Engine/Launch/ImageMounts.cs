using Tare.Engine.Create;
using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Images.Roots;
using Tare.Linux;
using Tare.Sandbox;

namespace Tare.Engine.Launch;

/// <summary>
/// Images that containers have mounted. Their layers are held with the container's own, in the order of the container's mounts; what is
/// mounted is made anew for each launch, in the container's namespace alone, and ends with it.
/// </summary>
internal sealed class ImageMounts(IImageSource images)
{
    /// <summary>Finds the images of a container that is being made.</summary>
    /// <exception cref="TareException">NotFound: there is no such image; InvalidArgument: what was taken over from another container has been removed.</exception>
    public IReadOnlyList<ContainerMount> Resolve(IReadOnlyList<ContainerMount> mounts) => mounts.Any(mount => mount.Image is not null)
        ? [.. mounts.Select(mount => mount.Image is { } image ? mount with { Image = Resolve(mount.Target, image) } : mount)]
        : mounts;

    /// <summary>The ids of the images, for <see cref="IImageSource.CreateWritable"/>.</summary>
    public static IReadOnlyList<string> Ids(IReadOnlyList<ContainerMount> mounts) => [.. mounts.Select(mount => mount.Image?.Id).OfType<string>()];

    /// <summary>The mounts with their directories, once the container has its root.</summary>
    public IReadOnlyList<ContainerMount> Place(string container, IReadOnlyList<ContainerMount> mounts)
    {
        if (!mounts.Any(mount => mount.Image is not null)) return mounts;
        var number = 0;
        return [.. mounts.Select(mount => mount.Image is null ? mount : mount with { Source = Find(container, number++).Directory })];
    }

    /// <summary>What the sandbox mounts.</summary>
    /// <param name="container">The container.</param>
    /// <param name="number">Which of its images.</param>
    /// <param name="mount">The mount.</param>
    /// <param name="held">Takes descriptors that the launch needs.</param>
    /// <exception cref="TareException">The part is not there.</exception>
    public MountOptions Plan(string container, int number, ContainerMount mount, List<Fd> held)
    {
        var (image, subpath) = (Find(container, number), mount.Image!.Subpath);
        var layered = image.Layers.Count > 0;
        return new MountOptions
        {
            Type = layered ? "overlay" : "bind",
            Source = layered || subpath.Length == 0 ? image.Directory : LaunchPlanner.Part(image.Directory, subpath, held),
            Layers = image.Layers,
            Subpath = layered ? subpath : "",
            Target = mount.Target,
            ReadOnly = true,
            Recursive = false,
            Propagation = mount.Propagation,
        };
    }

    private ImageMount Resolve(string target, ImageMount image)
    {
        if (image.Id.Length == 0) return image with { Id = images.Resolve(image.Name, platform: null).Id };
        return images.Find(image.Id) is not null ? image : throw TareException.Invalid($"the image {image.Name} at {target} has been removed: give another one with --mount, or leave that container's mounts out");
    }

    private MountedImage Find(string container, int number) =>
        images.FindMounted(container, number) ?? throw TareException.Internal($"the files of container {container} are missing; remove the container");
}

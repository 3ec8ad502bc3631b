using Tare.Errors;
using Tare.Linux;

namespace Tare.Sandbox;

/// <summary>
/// The overlays that a container has mounted beside its root. Their layers are paths of the host, which the container's namespace does not
/// have: they are made by the daemon, detached, and go the way of binds from then on. As long as it has no upper directory the kernel lets
/// nobody write to an overlay, whatever rights he has in the container.
/// </summary>
internal sealed class LayeredMounts(Fd template) : IDisposable
{
    private readonly Dictionary<string, Fd> made = new(StringComparer.Ordinal);

    /// <summary>Makes the overlays among mounts.</summary>
    /// <returns>The mounts, the overlays as binds, for <see cref="TryTake"/>.</returns>
    /// <exception cref="TareException">A layer or a part is missing, or the kernel refuses.</exception>
    public IReadOnlyList<MountOptions> Make(IReadOnlyList<MountOptions> mounts) =>
        mounts.Any(mount => mount.Layers.Count > 0) ? [.. mounts.Select(mount => mount.Layers.Count > 0 ? Make(mount) : mount)] : mounts;

    /// <summary>What a bind's source stands for, which is the caller's then; null when it is a path.</summary>
    public Fd? TryTake(string source) => made.Remove(source, out var mount) ? mount : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var mount in made.Values) mount.Dispose();
        made.Clear();
    }

    private MountOptions Make(MountOptions mount)
    {
        var whole = Whole(mount.Layers);
        var tree = mount.Subpath.Length == 0 ? whole : Part(whole, mount);
        made.Add(tree.ProcPath, tree);
        return mount with { Type = "bind", Source = tree.ProcPath, Layers = [], Subpath = "", Recursive = false };
    }

    /// <summary>Where one string has to take all layers (before 6.8), their descriptors' names are the shortest that there are.</summary>
    private static Fd Whole(IReadOnlyList<string> layers)
    {
        if (Mounts.OverlayTakesLayersOneByOne) return RootMount.Create(new RootFilesystem { Layers = layers });
        var held = new List<Fd>();
        try
        {
            foreach (var layer in layers) held.Add(Paths.Open(layer, OpenFlags.Path | Paths.Directory | Paths.NoFollow));
            return RootMount.Create(new RootFilesystem { Layers = [.. held.Select(layer => layer.ProcPath)] });
        }
        finally
        {
            foreach (var layer in held) layer.Dispose();
        }
    }

    private Fd Part(Fd whole, MountOptions mount)
    {
        using (whole)
        {
            return Namespaces.Attached(template, whole, () =>
            {
                using var part = MountPart.Open(whole, mount.Source, mount.Subpath);
                return Mounts.CloneTree(part, recursive: false);
            });
        }
    }
}

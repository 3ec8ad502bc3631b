using Tare.Images.Trees;
using Tare.Linux;

namespace Tare.Images.Roots;

/// <summary>An image that a container has mounted beside its root. Nothing is ever written to it.</summary>
/// <param name="directory">See <see cref="Directory"/>.</param>
/// <param name="copied">Whether the layers were copied there.</param>
/// <param name="layers">The image's layers, the uppermost first. Absolute paths.</param>
public sealed class MountedImage(string directory, bool copied, IReadOnlyList<string> layers)
{
    /// <summary>The directory in the container's that is the image's own: a copy of its layers, or an empty one that lies below them, since an overlay needs two.</summary>
    public string Directory => directory;

    /// <summary>What shows the image when it is laid one over another, the uppermost first; empty when <see cref="Directory"/> is all of it.</summary>
    public IReadOnlyList<string> Layers => copied || layers.Count == 0 ? [] : [.. layers, directory];

    /// <summary>Copies the layers, the attributes of their root too.</summary>
    /// <param name="target">The directory, open and empty.</param>
    internal void Fill(Fd target)
    {
        if (layers.Count == 0) return;
        using var stack = LayerStack.Open(layers);
        StackedPath.Find(stack, "")!.CopyTo(target, CancellationToken.None);
    }
}

using Tare.Images.Trees;

namespace Tare.Images.Roots;

/// <summary>A root that is an overlay mount: the container's directory is the upper one.</summary>
/// <param name="containerId">The container.</param>
/// <param name="upper">The upper directory.</param>
/// <param name="work">The work directory.</param>
/// <param name="layers">The image's layers, the uppermost first.</param>
/// <param name="baseLayer">What lies below them; absent for nothing.</param>
public sealed class OverlayRoot(string containerId, string upper, string work, IReadOnlyList<string> layers, string? baseLayer)
    : WritableRoot(containerId, upper, layers, baseLayer)
{
    /// <inheritdoc/>
    public override StorageDriver Driver => StorageDriver.Overlay2;

    /// <inheritdoc/>
    public override IReadOnlyList<string> MountedBelow => Image;

    /// <inheritdoc/>
    public override string? Work => work;

    private IReadOnlyList<string> All => [Directory, .. Image];

    /// <inheritdoc/>
    public override void Export(Stream target, CancellationToken cancellationToken)
    {
        using var stack = OpenAll();
        RootArchive.Write(stack, target, cancellationToken);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TreeChange> Changes(CancellationToken cancellationToken) => RootChanges.Of(All, cancellationToken);

    private protected override LayerStack OpenAll() => LayerStack.Open(All);

    private protected override long MeasureChanges(CancellationToken cancellationToken)
    {
        var size = new NodeSize();
        using var stack = LayerStack.Open([Directory]);
        TreeWalk.Run(
            stack.Root(),
            static directory => directory.ListUppermost(),
            (_, in entry) =>
            {
                size.Add(entry);
                return entry.IsDirectory;
            },
            cancellationToken);
        return size.Total;
    }

    internal override void WriteLayer(Stream target, CancellationToken cancellationToken) => UpperArchive.Write(Directory, target, cancellationToken);
}

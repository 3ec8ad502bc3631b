using System.Text;
using Tare.Images.Layers;
using Tare.Images.Trees;
using Tare.Linux;

namespace Tare.Images.Roots;

/// <summary>A root that is a copy of the image's layers: what the container has changed is found by comparing.</summary>
/// <param name="containerId">The container.</param>
/// <param name="directory">The copy.</param>
/// <param name="layers">The image's layers, the uppermost first.</param>
/// <param name="baseLayer">What lies below them; absent for nothing.</param>
public sealed class CopiedRoot(string containerId, string directory, IReadOnlyList<string> layers, string? baseLayer)
    : WritableRoot(containerId, directory, layers, baseLayer)
{
    /// <inheritdoc/>
    public override StorageDriver Driver => StorageDriver.Vfs;

    /// <inheritdoc/>
    public override IReadOnlyList<string> MountedBelow => [];

    /// <inheritdoc/>
    public override string? Work => null;

    /// <summary>Makes the copy.</summary>
    /// <param name="root">The directory, open and empty.</param>
    internal void Fill(Fd root)
    {
        using var stack = LayerStack.Open(Image);
        TreeCopier.Copy(stack, root, CancellationToken.None);
    }

    /// <inheritdoc/>
    public override void Export(Stream target, CancellationToken cancellationToken)
    {
        using var stack = OpenAll();
        RootArchive.Write(stack, target, cancellationToken);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TreeChange> Changes(CancellationToken cancellationToken)
    {
        var changes = new List<TreeChange>();
        Compare((kind, place, in entry) => changes.Add(new TreeChange(kind, "/" + Encoding.UTF8.GetString(place.Join(entry.Name)))), cancellationToken);
        return changes;
    }

    private protected override LayerStack OpenAll() => LayerStack.OpenPlain(Directory);

    private protected override long MeasureChanges(CancellationToken cancellationToken)
    {
        var size = new NodeSize();
        Compare(
            (kind, _, in entry) =>
            {
                if (kind != TreeChangeKind.Deleted) size.Add(entry);
            },
            cancellationToken);
        return size.Total;
    }

    internal override void WriteLayer(Stream target, CancellationToken cancellationToken)
    {
        var archiver = new NodeArchiver(target);
        Compare(
            (kind, place, in entry) =>
            {
                if (kind == TreeChangeKind.Deleted) archiver.WriteWhiteout(entry with { Status = default }, place.Join([.. Whiteouts.Prefix, .. entry.Name]));
                else if (place.DirectoryOf(entry) is { } parent) archiver.Write(parent, entry, place.Join(entry.Name));
            },
            cancellationToken);
        archiver.Finish();
    }

    private void Compare(TreeComparison.Visit visit, CancellationToken cancellationToken)
    {
        using var image = LayerStack.Open(Image);
        using var copy = LayerStack.OpenPlain(Directory);
        TreeComparison.Run(image, copy, visit, cancellationToken);
    }
}

namespace Tare.Images.Layers;

/// <summary>Layers that hide by marks, which overlayfs would take for files.</summary>
public static class LayerMarks
{
    /// <summary>The name of one in a data root; <see langword="null"/> when overlayfs can be given them all.</summary>
    /// <param name="dataRoot">The data root, an absolute path.</param>
    public static string? Find(string dataRoot)
    {
        var layers = Path.Combine(dataRoot, "layers");
        if (!Directory.Exists(layers)) return null;
        return Directory.EnumerateDirectories(layers).FirstOrDefault(layer => File.Exists(Path.Combine(layer, Whiteouts.MarksFile))) is { } found
            ? Path.GetFileName(found)
            : null;
    }
}

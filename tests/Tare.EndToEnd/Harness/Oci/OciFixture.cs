using System.Formats.Tar;

namespace Tare.EndToEnd.Harness.Oci;

/// <summary>
/// What the cases of OCI runtimes share: a folder with the runtime's root and a root filesystem to copy, and a control group below
/// which all containers have theirs. At the end nothing may be left of any container.
/// </summary>
public sealed class OciFixture : IAsyncLifetime
{
    private readonly string name = "tare-oci-test-" + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal);

    internal string Folder { get; private set; } = "";

    /// <summary>The runtime's <c>--root</c>.</summary>
    internal string Root => Path.Combine(Folder, "state");

    /// <summary>The path of the control group above all.</summary>
    internal string CgroupParent => "/" + name;

    /// <summary>A root filesystem of busybox.</summary>
    internal string Template => Path.Combine(Folder, "template");

    public Task InitializeAsync()
    {
        Folder = Path.Combine(Path.GetTempPath(), name);
        Directory.CreateDirectory(Folder);
        Directory.CreateDirectory(Template);
        Directory.CreateDirectory(Root);
        using MemoryStream layer = new(BaseImage.BusyboxLayer);
        TarFile.ExtractToDirectory(layer, Template, overwriteFiles: false);
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        List<string> left = OciLeaks.Of(this);
        foreach (string root in OciLeaks.CgroupRoots())
            OciLeaks.RemoveEmpty(root + CgroupParent);
        // Others leave empty groups after a failure, and marks of their own in the root; that is theirs to mend.
        if (!OciRuntime.IsTare)
            left.ForEach(leak => Note.Write($"{OciRuntime.Kind} leaves {leak}"));
        Assert.True(left.Count == 0 || !OciRuntime.IsTare, $"left behind:\n{string.Join('\n', left)}");
        Directory.Delete(Folder, recursive: true);
        return Task.CompletedTask;
    }
}

[CollectionDefinition(Name)]
public sealed class OciGroup : ICollectionFixture<OciFixture>
{
    public const string Name = "oci";
}

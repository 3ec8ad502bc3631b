using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Loading;

/// <summary>Archives of <c>docker save</c>, of any age that has a <c>manifest.json</c> (since Docker 1.10).</summary>
internal static class DockerArchive
{
    internal const string ManifestPath = "manifest.json";

    /// <summary>The images of an archive, in its order.</summary>
    /// <exception cref="TareException">The manifest is malformed or names what is not there.</exception>
    internal static List<PlannedImage> Plan(ArchiveContents contents, OciPlatform? platform)
    {
        var images = new List<PlannedImage>();
        foreach (var item in ArchiveContents.Json(contents.Document(ManifestPath, "the manifest"), ImageJson.Default.IReadOnlyListDockerArchiveManifest, "manifest.json"))
        {
            var configuration = contents.Document(item.Config, "the configuration");
            if (platform is not null && !Platforms.Matches(platform, PlannedImage.Parse(configuration))) continue;
            images.Add(new PlannedImage(
                configuration,
                [.. item.Layers.Select(path => Layer(contents, path))],
                [.. (item.RepoTags ?? []).Select(Tag)],
                Digest.TryParse(item.Parent, out var parent) ? parent : default));
        }

        return images;
    }

    private static ArchiveLayer Layer(ArchiveContents contents, string path) => contents.Find(path) switch
    {
        ArchiveLayer layer => layer,
        null => throw TareException.Invalid($"the archive's manifest names the layer \"{path}\", which is not in the archive"),
        _ => throw TareException.Invalid($"the archive's manifest names the layer \"{path}\", which is no layer"),
    };

    private static Reference Tag(string text)
    {
        var reference = Reference.Parse(text);
        return reference.Tag is null || !reference.Digest.IsEmpty ? throw TareException.Invalid($"invalid tag \"{text}\"") : reference;
    }
}

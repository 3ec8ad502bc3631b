using Tare.Images;
using Tare.Images.Roots;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Engine.Images;

/// <summary>Images in the words of the wire.</summary>
internal static class ImageViews
{
    private const string Missing = "<missing>";

    /// <summary>How containers of an image run.</summary>
    public static ImageConfig? Config(OciContainerConfig? config) => config is null ? null : new ImageConfig
    {
        User = config.User,
        ExposedPorts = Keys(config.ExposedPorts),
        Env = config.Env,
        Entrypoint = config.Entrypoint,
        Cmd = config.Cmd,
        Volumes = Keys(config.Volumes),
        WorkingDir = config.WorkingDir,
        Labels = config.Labels,
        StopSignal = config.StopSignal,
        ArgsEscaped = config.ArgsEscaped == true,
        Healthcheck = config.Healthcheck is { } health ? Health(health) : null,
        OnBuild = config.OnBuild,
        Shell = config.Shell,
    };

    /// <summary>A row of <c>images</c>, with the names that <paramref name="shown"/> lets through.</summary>
    public static ImageSummary Summary(Image image, Func<Reference, bool> shown, int containers) => new()
    {
        Containers = containers,
        Id = image.Id.ToString(),
        ParentId = image.Parent.ToString(),
        Created = image.Created?.ToUnixTimeSeconds() ?? 0,
        Labels = image.Config.Config?.Labels,
        RepoTags = [.. image.Tags.Where(shown).Select(tag => tag.FamiliarString)],
        RepoDigests = [.. image.Digests.Where(shown).Select(digest => digest.FamiliarString)],
        Size = image.Size,
    };

    /// <summary>A manifest that an image's names stand for.</summary>
    /// <param name="variant">The manifest.</param>
    /// <param name="containers">The ids of the containers that use it.</param>
    public static ImageManifestSummary Manifest(ImageVariant variant, IReadOnlyList<string> containers)
    {
        var descriptor = variant.Manifest;
        var attestation = descriptor.Annotations?.GetValueOrDefault("vnd.docker.reference.type") == "attestation-manifest";
        var unpacked = variant.Image?.Size ?? 0;
        return new ImageManifestSummary
        {
            ID = descriptor.Digest,
            Descriptor = OciViews.Descriptor(descriptor),
            Available = variant.Image is not null,
            Size = new ImageManifestSize { Content = variant.ContentSize, Total = variant.ContentSize + unpacked },
            Kind = attestation ? "attestation" : variant.Platform is null ? "unknown" : "image",
            ImageData = !attestation && variant.Platform is { } platform
                ? new ImageManifestImageData { Platform = OciViews.Platform(platform), Size = new ImageManifestUnpackedSize { Unpacked = unpacked }, Containers = containers }
                : null,
            AttestationData = attestation ? new ImageManifestAttestationData { For = descriptor.Annotations!.GetValueOrDefault("vnd.docker.reference.digest", "") } : null,
        };
    }

    /// <summary>Everything about an image.</summary>
    public static ImageInspect Inspect(Image image, StorageDriver driver) => new()
    {
        Id = image.Id.ToString(),
        RepoTags = [.. image.Tags.Select(tag => tag.FamiliarString)],
        RepoDigests = [.. image.Digests.Select(digest => digest.FamiliarString)],
        Parent = image.Parent.ToString(),
        Comment = image.Config.Comment ?? (image.Config.History is [.., var last] ? last.Comment : null),
        Created = image.Config.Created,
        DockerVersion = image.Config.DockerVersion,
        Author = image.Config.Author,
        Config = Config(image.Config.Config) ?? new ImageConfig(),
        Architecture = image.Config.Architecture ?? "",
        Variant = image.Config.Variant,
        Os = image.Config.Os ?? "",
        OsVersion = image.Config.OsVersion,
        Size = image.Size,
        GraphDriver = GraphDriver([.. image.LayerDirectories.Reverse()], driver),
        RootFS = new ImageRootFS { Type = "layers", Layers = [.. image.DiffIds.Select(id => id.ToString())] },
        Metadata = new ImageMetadata { LastTagTime = image.LastTagged is { } tagged ? GoTime.Format(tagged) : GoTime.Zero },
    };

    /// <summary>The steps that made an image, the last first. Each step that made an image which is here has its id and names.</summary>
    /// <param name="image">The image.</param>
    /// <param name="find">Finds an image by its id.</param>
    public static IReadOnlyList<ImageHistoryResponseItem> History(Image image, Func<Digest, Image?> find)
    {
        var items = new List<ImageHistoryResponseItem>();
        var layer = 0;
        foreach (var step in image.Config.History ?? [])
        {
            long size = 0;
            if (!step.EmptyLayer && layer < image.LayerSizes.Count) size = image.LayerSizes[layer++];
            items.Add(new ImageHistoryResponseItem
            {
                Id = Missing,
                Comment = step.Comment ?? "",
                Created = step.Created is { } text && GoTime.TryParse(text, out var at) ? at.ToUnixTimeSeconds() : 0,
                CreatedBy = step.CreatedBy ?? "",
                Size = size,
            });
        }
        items.Reverse();
        var (made, index) = ((Image?)image, 0);
        for (; made is not null && index < items.Count; made = made.Parent.IsEmpty ? null : find(made.Parent), index++)
        {
            items[index] = items[index] with
            {
                Id = made.Id.ToString(),
                Tags = made.Tags.Count > 0 ? [.. made.Tags.Select(tag => tag.FamiliarString)] : null,
            };
        }
        return items;
    }

    private static DriverData GraphDriver(IReadOnlyList<string> layersFromTheTop, StorageDriver driver)
    {
        // Where layers are copied, Docker tells nothing of them.
        if (driver == StorageDriver.Vfs) return new DriverData { Name = StorageDrivers.NameOf(driver) };
        var data = new Dictionary<string, string>();
        if (layersFromTheTop.Count > 1) data["LowerDir"] = string.Join(':', layersFromTheTop.Skip(1));
        if (layersFromTheTop.Count > 0) data["UpperDir"] = layersFromTheTop[0];
        return new DriverData { Name = StorageDrivers.NameOf(driver), Data = data };
    }

    private static SortedSet<string>? Keys(IReadOnlyDictionary<string, OciEmpty>? set) =>
        set is null ? null : new SortedSet<string>(set.Keys, StringComparer.Ordinal);

    private static HealthConfig Health(OciHealthcheck health) => new()
    {
        Test = health.Test,
        Interval = health.Interval ?? 0,
        Timeout = health.Timeout ?? 0,
        StartPeriod = health.StartPeriod ?? 0,
        StartInterval = health.StartInterval ?? 0,
        Retries = health.Retries ?? 0,
    };
}

using System.Text.Json;
using Tare.Images.Catalogs;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Importing;

/// <summary>Writes the configuration of an imported image.</summary>
internal static class ImportConfiguration
{
    /// <summary>The bytes of the configuration.</summary>
    internal static byte[] Make(ImportOptions options, OciContainerConfig container, Digest diffId, DateTimeOffset now)
    {
        var platform = options.Platform ?? Platforms.Host;
        var created = Timestamps.Format(now);
        return JsonSerializer.SerializeToUtf8Bytes(
            new OciImageConfig
            {
                Created = created,
                Architecture = platform.Architecture,
                // The host's own variant is not written, as Docker does not write it either.
                Variant = options.Platform?.Variant,
                Os = platform.Os,
                Comment = options.Message.Length > 0 ? options.Message : null,
                Config = container,
                RootFs = new OciRootFs { DiffIds = [diffId.ToString()] },
                History = [new OciHistory { Created = created, Comment = options.Message.Length > 0 ? options.Message : null }],
            },
            ImageConfigJson.Default.OciImageConfig);
    }
}

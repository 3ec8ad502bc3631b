using System.Text.Json;
using Tare.Images.Catalogs;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Images.Committing;

/// <summary>Writes the configuration of an image that was committed.</summary>
internal static class CommitConfiguration
{
    /// <summary>The bytes of the configuration.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="parent">The image that the container was made from.</param>
    /// <param name="diffId">The new layer; empty when the container has changed nothing.</param>
    /// <param name="now">The time.</param>
    internal static byte[] Make(CommitOptions options, Image parent, Digest diffId, DateTimeOffset now)
    {
        var created = Timestamps.Format(now);
        var config = parent.Config;
        var host = Platforms.Host;
        return JsonSerializer.SerializeToUtf8Bytes(
            new OciImageConfig
            {
                Created = created,
                Author = OrNothing(options.Author),
                Architecture = OrNothing(config.Architecture) ?? host.Architecture,
                Variant = config.Variant,
                Os = OrNothing(config.Os) ?? host.Os,
                OsVersion = config.OsVersion,
                OsFeatures = config.OsFeatures,
                Config = options.Config,
                RootFs = new OciRootFs { DiffIds = [.. parent.DiffIds.Select(id => id.ToString()), .. diffId.IsEmpty ? [] : new[] { diffId.ToString() }] },
                History =
                [
                    .. config.History ?? [],
                    new OciHistory
                    {
                        Created = created,
                        CreatedBy = OrNothing(options.CreatedBy),
                        Author = OrNothing(options.Author),
                        Comment = OrNothing(options.Message),
                        EmptyLayer = diffId.IsEmpty,
                    },
                ],
            },
            ImageConfigJson.Default.OciImageConfig);
    }

    private static string? OrNothing(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

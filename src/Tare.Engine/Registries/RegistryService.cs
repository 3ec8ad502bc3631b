using System.Globalization;
using System.Text.Json;
using Tare.Distribution;
using Tare.Engine.Images;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Engine.Registries;

/// <summary>What registries are asked besides images: whether somebody is known, what is there.</summary>
public sealed class RegistryService
{
    private const int DefaultResults = 25;
    private const int MostResults = 100;

    private readonly RegistryClient client;

    internal RegistryService(RegistryClient client) => this.client = client;

    /// <summary>Has a registry check credentials.</summary>
    /// <exception cref="TareException">The registry knows them not, or is not reached.</exception>
    public async Task<AuthResponse> LoginAsync(AuthConfig credentials, CancellationToken cancellationToken)
    {
        var result = await client.LoginAsync(credentials.ServerAddress ?? "", credentials.ToCredentials(), cancellationToken);
        return new AuthResponse { Status = result.Status, IdentityToken = result.IdentityToken };
    }

    /// <summary>Searches a registry (filters: <c>is-official</c>, <c>stars</c>, <c>is-automated</c>).</summary>
    /// <param name="term">What to look for, with the registry in front unless it is Docker Hub.</param>
    /// <param name="limit">The most results; 0 for 25.</param>
    /// <param name="filters">Only those that match.</param>
    /// <param name="credentials">Who asks.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="TareException">InvalidArgument: a filter, the limit or the term makes no sense; else what the registry says.</exception>
    public async Task<IReadOnlyList<Wire.SearchResult>> SearchAsync(string term, int limit, Filters filters, AuthConfig credentials, CancellationToken cancellationToken)
    {
        filters.Validate("is-automated", "is-official", "stars");
        // There are no automated builds any more.
        if (filters.GetBoolean("is-automated", otherwise: false)) return [];
        var official = filters.Contains("is-official") ? filters.GetBoolean("is-official", otherwise: false) : (bool?)null;
        var stars = filters.Get("stars").Select(Stars).DefaultIfEmpty(0).Max();
        if (term.Contains("://", StringComparison.Ordinal)) throw TareException.Invalid($"invalid repository name: repository name ({term}) should not have a scheme");
        if (limit is < 0 or > MostResults) throw TareException.Invalid($"limit {limit} is outside the range of [1, {MostResults}]");
        var answer = await client.SearchAsync(term, limit == 0 ? DefaultResults : limit, credentials.ToCredentials(), cancellationToken);
        return
        [
            .. (answer.Results ?? [])
                .Where(result => (official is null || result.IsOfficial == official) && result.Stars >= stars)
                .Select(result => new Wire.SearchResult { Name = result.Name ?? "", Description = result.Description ?? "", StarCount = result.Stars, IsOfficial = result.IsOfficial }),
        ];
    }

    /// <summary>What an image's registry has under its name: the digest, and for which platforms.</summary>
    /// <exception cref="TareException">NotFound; InvalidArgument: the name is malformed; else what the registry says.</exception>
    public async Task<DistributionInspect> InspectAsync(string image, AuthConfig credentials, CancellationToken cancellationToken)
    {
        var (named, _) = Reference.ParseAny(image);
        if (named is null) throw TareException.Internal("no manifest found for full image ID");
        var reference = named.WithDefaultTag();
        var repository = client.Open(reference, credentials.ToCredentials(), RepositoryAccess.Pull);
        var manifest = await repository.GetManifestAsync(reference.TagOrDigest!, cancellationToken);
        return new DistributionInspect
        {
            Descriptor = new OCIDescriptor { MediaType = manifest.MediaType, Digest = manifest.Digest.ToString(), Size = manifest.Content.Length },
            Platforms = await PlatformsAsync(repository, manifest, cancellationToken),
        };
    }

    private static async Task<IReadOnlyList<OCIPlatform>?> PlatformsAsync(RepositoryClient repository, RemoteManifest manifest, CancellationToken cancellationToken)
    {
        if (MediaTypes.IsIndex(manifest.MediaType))
        {
            var index = JsonSerializer.Deserialize(manifest.Content, ImageJson.Default.OciIndex)!;
            return [.. index.Manifests.Select(entry => entry.Platform is { } platform ? OciViews.Platform(platform) : new OCIPlatform())];
        }

        if (!MediaTypes.IsManifest(manifest.MediaType)) return null;
        try
        {
            var config = JsonSerializer.Deserialize(manifest.Content, ImageJson.Default.OciManifest)!.Config;
            var platform = WireJson.Read<OCIPlatform>(await RemoteConfiguration.ReadAsync(config, token => repository.OpenBlobAsync(config, token), cancellationToken));
            return platform is null || (platform.Os.Length == 0 && platform.Architecture.Length == 0) ? null : [platform];
        }
        catch (Exception e) when (e is JsonException or TareException)
        {
            // An artifact's configuration is of any kind, and the manifest is what was asked for.
            return null;
        }
    }

    private static int Stars(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var stars)
            ? stars
            : throw TareException.Invalid($"invalid filter 'stars={text}': strconv.Atoi: parsing \"{text}\": invalid syntax");
}

using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Credentials;
using Tare.Distribution;
using Tare.Engine.Registries;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Cli.Manifests;

/// <summary>What verbs about manifests ask a registry: they ask it themselves, no engine is needed.</summary>
/// <param name="session">Has the user's credentials.</param>
/// <param name="domain">The registry.</param>
/// <param name="insecure">Whether it may speak without TLS, or with a certificate that nobody vouches for.</param>
internal sealed class ManifestRegistry(Session session, string domain, bool insecure) : IDisposable
{
    private readonly RegistryClient _client = new(new RegistryOptions { UserAgent = Session.UserAgent, InsecureRegistries = insecure ? [domain] : [] }, session.Clock);

    public void Dispose() => _client.Dispose();

    public RepositoryClient Open(Reference reference, RepositoryAccess access) =>
        _client.Open(reference, AuthConfig.Decode(session.Credentials.HeaderOrNobody(ServerAddress.Of(reference.Domain))).ToCredentials(), access);

    /// <summary>What is under a name: one manifest, or those of an index.</summary>
    /// <exception cref="CommandException">There is nothing, or the registry cannot be asked.</exception>
    public async Task<(IReadOnlyList<PlatformManifest> Manifests, bool IsList)> GetAsync(Reference reference)
    {
        var repository = Open(reference, RepositoryAccess.Pull);
        try
        {
            var manifest = await repository.GetManifestAsync(reference.TagOrDigest!, CancellationToken.None);
            return MediaTypes.IsIndex(manifest.MediaType)
                ? (await AllOfAsync(repository, reference, manifest), true)
                : ([await WithPlatformAsync(repository, reference, manifest)], false);
        }
        catch (RegistryException e) when (e.Status != 0 && e.Kind is ErrorKind.NotFound or ErrorKind.Unauthorized)
        {
            throw new CommandException($"no such manifest: {reference}");
        }
        catch (RegistryException e) when (e.Status == 0 && e.Message.Contains("server gave HTTP response to HTTPS client", StringComparison.Ordinal))
        {
            throw new CommandException($"no such manifest: {reference}: {reference.Domain} speaks plain HTTP, which --insecure allows");
        }
        catch (RegistryException e) when (e.InnerException is not null && e.Status == 0)
        {
            throw new CommandException($"failed to configure transport: error pinging v2 registry: {e.Message}");
        }
    }

    private static async Task<List<PlatformManifest>> AllOfAsync(RepositoryClient repository, Reference reference, RemoteManifest index)
    {
        var result = new List<PlatformManifest>();
        foreach (var entry in JsonSerializer.Deserialize(index.Content, ImageJson.Default.OciIndex)!.Manifests)
        {
            var manifest = await repository.GetManifestAsync(entry.Digest, CancellationToken.None);
            var single = await WithPlatformAsync(repository, reference.WithDigest(manifest.Digest), manifest);
            // The index decides, where it says something.
            result.Add(single with { Platform = entry.Platform ?? new OciPlatform { Os = "", Architecture = "" } });
        }

        return result;
    }

    private static async Task<PlatformManifest> WithPlatformAsync(RepositoryClient repository, Reference reference, RemoteManifest manifest)
    {
        if (!MediaTypes.IsManifest(manifest.MediaType)) throw new CommandException($"unsupported manifest type: {manifest.MediaType}");
        var config = JsonSerializer.Deserialize(manifest.Content, ImageJson.Default.OciManifest)!.Config;
        return new PlatformManifest(reference, manifest, ManifestDocuments.PlatformOf(await RemoteConfiguration.ReadAsync(config, token => repository.OpenBlobAsync(config, token), CancellationToken.None)));
    }
}

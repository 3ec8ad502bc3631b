using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Credentials;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Distribution;
using Tare.Engine.Registries;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare manifest inspect: shows what a registry has under a name. It asks the registry itself; no engine is needed.</summary>
internal sealed class ManifestInspectVerb : Verb
{
    private readonly SwitchFlag _insecure;
    private readonly SwitchFlag _verbose;

    public ManifestInspectVerb()
        : base("[OPTIONS] [MANIFEST_LIST] MANIFEST", "Show a manifest, or a list of manifests, of a registry", new ArgumentCount(1, 2))
    {
        _insecure = Flags.Switch("insecure", "Speak to a registry without TLS, or with a certificate that nobody vouches for");
        _verbose = Flags.Switch("verbose", "Show layers and platform too", 'v');
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var reference = Reference.Parse(arguments[^1]).WithDefaultTag();
        if (arguments.Count == 2)
        {
            // Lists that are being put together are kept by `manifest create`, which is not there.
            Reference.Parse(arguments[0]);
            throw new CommandException($"No such manifest: {reference}");
        }

        using var client = new RegistryClient(
            new RegistryOptions { UserAgent = Session.UserAgent, InsecureRegistries = _insecure.Value ? [reference.Domain] : [] }, session.Clock);
        var credentials = AuthConfig.Decode(session.Credentials.HeaderOrNobody(ServerAddress.Of(reference.Domain))).ToCredentials();
        var repository = client.Open(reference, credentials, RepositoryAccess.Pull);
        session.Out.WriteLine(await DescribeAsync(repository, reference));
        return 0;
    }

    private async Task<string> DescribeAsync(RepositoryClient repository, Reference reference)
    {
        try
        {
            var manifest = await repository.GetManifestAsync(reference.Digest.IsEmpty ? reference.Tag! : reference.Digest.ToString(), CancellationToken.None);
            if (!MediaTypes.IsIndex(manifest.MediaType))
            {
                var single = await WithPlatformAsync(repository, reference, manifest);
                return _verbose.Value ? ManifestDocuments.Verbose(single) : ManifestDocuments.Plain(single);
            }

            var all = await AllOfAsync(repository, reference, manifest);
            return _verbose.Value ? ManifestDocuments.Verbose(all) : ManifestDocuments.List(all);
        }
        catch (RegistryException e) when (e.Status != 0 && e.Kind is ErrorKind.NotFound or ErrorKind.Unauthorized)
        {
            throw new CommandException($"no such manifest: {reference}");
        }
        catch (RegistryException e) when (e.Status == 0 && e.Message.Contains("server gave HTTP response to HTTPS client", StringComparison.Ordinal))
        {
            throw new CommandException($"no such manifest: {reference}: {reference.Domain} speaks plain HTTP, which --insecure allows");
        }
        catch (RegistryException e) when (e.InnerException is not null && !IsAnswer(e))
        {
            throw new CommandException($"failed to configure transport: error pinging v2 registry: {e.Message}");
        }
    }

    private static bool IsAnswer(RegistryException error) => error.Status != 0;

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
        return new PlatformManifest(reference, manifest, ManifestDocuments.PlatformOf(await RemoteConfiguration.ReadAsync(repository, config, CancellationToken.None)));
    }
}

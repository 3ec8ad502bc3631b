using System.Text;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Manifests;
using Tare.Distribution;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Cli.Verbs;

/// <summary>tare manifest push: sends a list of manifests to its registry, and what of them is in other repositories there.</summary>
internal sealed class ManifestPushVerb : Verb
{
    private readonly SwitchFlag _insecure;
    private readonly SwitchFlag _purge;

    public ManifestPushVerb()
        : base("[OPTIONS] MANIFEST_LIST", "Send a list of manifests to its registry", ArgumentCount.Exactly(1))
    {
        _insecure = Flags.Switch("insecure", "Speak to a registry without TLS, or with a certificate that nobody vouches for");
        _purge = Flags.Switch("purge", "Forget the list afterwards", 'p');
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var list = ManifestLists.Name(arguments[0]);
        var lists = new ManifestLists(session.Options.ConfigDirectory);
        var manifests = lists.Get(list);
        if (manifests.Count == 0) throw new CommandException($"{list} not found");
        foreach (var manifest in manifests) Check(manifest, list);
        using var registry = new ManifestRegistry(session, list.Domain, _insecure.Value);
        var target = registry.Open(list, RepositoryAccess.PullAndPush);
        var others = manifests.Where(manifest => manifest.Reference.Path != list.Path).ToList();
        foreach (var manifest in others) await MountAsync(target, manifest, list);
        foreach (var manifest in others)
        {
            var put = await target.PutManifestAsync(manifest.Manifest.Digest.ToString(), manifest.Manifest.MediaType, manifest.Manifest.Content, CancellationToken.None);
            session.Out.WriteLine($"Pushed ref {list.WithoutTagAndDigest().WithDigest(manifest.Manifest.Digest)} with digest: {put}");
        }

        var content = Encoding.UTF8.GetBytes(ManifestDocuments.List(manifests));
        var digest = await target.PutManifestAsync(list.TagOrDigest!, ManifestDocuments.ListType(manifests), content, CancellationToken.None);
        session.Out.WriteLine(digest.ToString());
        if (_purge.Value) lists.Remove(list);
        return 0;
    }

    private static void Check(PlatformManifest manifest, Reference list)
    {
        if (manifest.Platform.Os.Length == 0 || manifest.Platform.Architecture.Length == 0)
            throw new CommandException($"manifest {manifest.Reference} must have an OS and Architecture to be pushed to a registry");
        if (manifest.Reference.Domain != list.Domain)
            throw new CommandException($"cannot use source images from a different registry than the target image: {manifest.Reference.Domain} != {list.Domain}");
    }

    /// <summary>Has the registry take over what the manifest consists of.</summary>
    private static async Task MountAsync(RepositoryClient target, PlatformManifest manifest, Reference list)
    {
        var document = JsonSerializer.Deserialize(manifest.Manifest.Content, ImageJson.Default.OciManifest)!;
        foreach (var blob in document.Layers.Prepend(document.Config))
        {
            var digest = Digest.Parse(blob.Digest);
            if (await target.BeginUploadAsync(digest, manifest.Reference.Path, CancellationToken.None) is not { } refused) continue;
            await refused.DisposeAsync();
            throw new CommandException($"error mounting {manifest.Reference.WithoutTagAndDigest().WithDigest(digest)} to {list}: the registry does not take it over from there, or you may not read it");
        }
    }
}

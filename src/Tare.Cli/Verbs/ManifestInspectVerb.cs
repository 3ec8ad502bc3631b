using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Manifests;

namespace Tare.Cli.Verbs;

/// <summary>tare manifest inspect: shows what a list that is being put together, or a registry, has under a name.</summary>
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
        var reference = ManifestLists.Name(arguments[^1]);
        var lists = new ManifestLists(session.Options.ConfigDirectory);
        if (arguments.Count == 2)
        {
            WriteOne(session, lists.Find(ManifestLists.Name(arguments[0]), reference) ?? throw ManifestLists.NotFound(reference));
            return 0;
        }

        if (lists.Exists(reference))
        {
            WriteList(session, lists.Get(reference));
            return 0;
        }

        using var registry = new ManifestRegistry(session, reference.Domain, _insecure.Value);
        var (manifests, isList) = await registry.GetAsync(reference);
        if (isList) WriteList(session, manifests);
        else WriteOne(session, manifests[0]);
        return 0;
    }

    private void WriteOne(Session session, PlatformManifest manifest) =>
        session.Out.WriteLine(_verbose.Value ? ManifestDocuments.Verbose(manifest) : ManifestDocuments.Plain(manifest));

    private void WriteList(Session session, IReadOnlyList<PlatformManifest> manifests) =>
        session.Out.WriteLine(_verbose.Value ? ManifestDocuments.Verbose(manifests) : ManifestDocuments.List(manifests));
}

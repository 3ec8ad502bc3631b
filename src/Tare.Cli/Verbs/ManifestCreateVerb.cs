using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Manifests;
using Tare.Oci;

namespace Tare.Cli.Verbs;

/// <summary>tare manifest create: begins a list of manifests, which other verbs annotate and push.</summary>
internal sealed class ManifestCreateVerb : Verb
{
    private readonly SwitchFlag _amend;
    private readonly SwitchFlag _insecure;

    public ManifestCreateVerb()
        : base("[OPTIONS] MANIFEST_LIST MANIFEST [MANIFEST...]", "Begin a list of manifests of a registry, to be pushed", ArgumentCount.AtLeast(2))
    {
        _amend = Flags.Switch("amend", "Add to a list that there is", 'a');
        _insecure = Flags.Switch("insecure", "Speak to a registry without TLS, or with a certificate that nobody vouches for");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var list = ManifestLists.Name(arguments[0], "error parsing name for manifest list");
        var lists = new ManifestLists(session.Options.ConfigDirectory);
        if (lists.Exists(list) && !_amend.Value) throw new CommandException("refusing to amend an existing manifest list with no --amend flag");
        foreach (var text in arguments.Skip(1))
        {
            var image = ManifestLists.Name(text);
            lists.Save(list, image, lists.Find(list, image) ?? await AskAsync(session, image));
        }

        session.Out.WriteLine($"Created manifest list {list}");
        return 0;
    }

    private async Task<PlatformManifest> AskAsync(Session session, Reference image)
    {
        using var registry = new ManifestRegistry(session, image.Domain, _insecure.Value);
        var (manifests, isList) = await registry.GetAsync(image);
        return isList ? throw new CommandException($"{image} is a manifest list") : manifests[0];
    }
}

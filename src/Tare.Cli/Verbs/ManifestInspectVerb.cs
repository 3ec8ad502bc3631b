using Tare.Cli.Commands;

namespace Tare.Cli.Verbs;

internal sealed class ManifestInspectVerb : Verb
{
    public ManifestInspectVerb()
        : base("[OPTIONS] [MANIFEST_LIST] MANIFEST", "Show a manifest, or a list of manifests, of a registry", new ArgumentCount(1, 2))
    {
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments) => throw new CommandException("");
}

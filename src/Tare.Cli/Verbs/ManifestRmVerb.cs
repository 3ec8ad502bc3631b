using Tare.Cli.Commands;
using Tare.Cli.Manifests;

namespace Tare.Cli.Verbs;

/// <summary>tare manifest rm: forgets lists of manifests that were being put together.</summary>
internal sealed class ManifestRmVerb() : Verb("MANIFEST_LIST [MANIFEST_LIST...]", "Forget lists of manifests that are being put together", ArgumentCount.AtLeast(1))
{
    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var lists = new ManifestLists(session.Options.ConfigDirectory);
        var errors = new List<string>();
        foreach (var text in arguments)
        {
            try
            {
                lists.Remove(ManifestLists.Name(text));
            }
            catch (Exception e) when (e is CommandException || CommandException.IsExpected(e))
            {
                errors.Add(e.Message);
            }
        }

        return errors.Count == 0 ? ValueTask.FromResult(0) : throw CommandException.Join(errors);
    }
}

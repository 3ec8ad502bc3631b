using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Cli.Verbs;

/// <summary>tare push: sends an image to its registry.</summary>
internal sealed class PushVerb : Verb
{
    private const string Missing = """
        You're trying to push a manifest list/index which 
        				references multiple platform specific manifests, but not all of them are available locally
        				or available to the remote repository.

        				Make sure you have all the referenced content and try again.

        				You can also push only a single platform specific manifest directly by specifying the platform you want to push with the --platform flag.
        """;

    private readonly SwitchFlag _allTags;
    private readonly SwitchFlag _quiet;
    private readonly TextFlag _platform;
    private readonly SwitchFlag _untrusted;

    public PushVerb()
        : base("[OPTIONS] NAME[:TAG]", "Send an image to a registry", ArgumentCount.Exactly(1))
    {
        Aliases = "image push, push";
        _allTags = Flags.Switch("all-tags", "Send all tags of the name", 'a');
        _quiet = Flags.Switch("quiet", "Do not show progress", 'q');
        _platform = Flags.Text("platform", "Send only that platform of an image that has several, OS[/ARCHITECTURE[/VARIANT]]");
        _untrusted = ContentTrust.Add(Flags, "Do not sign the image");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var platform = Platform(session);
        var reference = Reference.Parse(arguments[0]);
        if (_allTags.Value && !reference.IsNameOnly) throw new CommandException("tag can't be used with --all-tags/-a");
        if (!_allTags.Value && reference.IsNameOnly)
        {
            reference = reference.WithDefaultTag();
            if (!_quiet.Value) session.Out.WriteLine($"Using default tag: {reference.Tag}");
        }

        ContentTrust.Check(_untrusted);
        var auth = session.Credentials.HeaderFor(reference);
        if (!reference.Digest.IsEmpty) throw new CommandException("cannot push a digest reference");
        var notes = new List<string>();
        var display = new ProgressDisplay(session.Out) { Quiet = _quiet.Value, Aux = aux => Note(aux, notes) };
        try
        {
            await display.ShowAsync(session.Client.Images.PushAsync(reference.Name, _allTags.Value ? null : reference.Tag, platform, auth));
            if (_quiet.Value) session.Out.WriteLine(reference.ToString());
        }
        finally
        {
            foreach (var note in notes) Formatting.Note.Information(session.Out, note);
        }

        return 0;
    }

    private string Platform(Session session)
    {
        if (_platform.Value.Length == 0) return "";
        string platform;
        try
        {
            platform = PlatformSpecifier.Format(PlatformSpecifier.Parse(_platform.Value));
        }
        catch (TareException e)
        {
            throw new CommandException($"Invalid platform {_platform.Value}{e.Message}");
        }

        Formatting.Note.Information(
            session.Out,
            "Using --platform pushes only the specified platform manifest of a multi-platform image index.\nOther components, like attestations, will not be included.\nTo push the complete multi-platform image, remove the --platform flag.\n");
        return platform;
    }

    /// <summary>What the engine says of an index that it did not send whole.</summary>
    private static void Note(JsonElement aux, List<string> notes)
    {
        if (aux.Flag("manifestPushedInsteadOfIndex"))
        {
            var (index, manifest) = (aux.Member("originalIndex").Text("digest"), aux.Member("selectedManifest").Text("digest"));
            notes.Add($"Not all multiplatform-content is present and only the available single-platform image was pushed\n\e[31m{index}\e[0m -> \e[32m{manifest}\e[0m");
        }

        if (aux.Flag("contentMissing")) notes.Add(Missing);
    }
}

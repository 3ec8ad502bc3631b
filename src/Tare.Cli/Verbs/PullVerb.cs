using Tare.Cli.Commands;
using Tare.Cli.Credentials;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Oci;

namespace Tare.Cli.Verbs;

/// <summary>tare pull: fetches an image from its registry.</summary>
internal sealed class PullVerb : Verb
{
    private readonly SwitchFlag _allTags;
    private readonly SwitchFlag _quiet;
    private readonly TextFlag _platform;
    private readonly SwitchFlag _untrusted;

    public PullVerb()
        : base("[OPTIONS] NAME[:TAG|@DIGEST]", "Fetch an image from a registry", ArgumentCount.Exactly(1))
    {
        Aliases = "image pull, pull";
        _allTags = Flags.Switch("all-tags", "Fetch all tags of the repository", 'a');
        _quiet = Flags.Switch("quiet", "Do not show progress", 'q');
        _platform = Flags.Text("platform", "Platform to fetch of an image that has several", initial: Environment.GetEnvironmentVariable("DOCKER_DEFAULT_PLATFORM") ?? "");
        _untrusted = ContentTrust.Add(Flags, "Do not verify the image's signature");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var reference = Reference.Parse(arguments[0]);
        if (_allTags.Value && !reference.IsNameOnly) throw new CommandException("tag can't be used with --all-tags/-a");
        if (!_allTags.Value && reference.IsNameOnly)
        {
            reference = reference.WithDefaultTag();
            if (!_quiet.Value) session.Out.WriteLine($"Using default tag: {reference.Tag}");
        }

        if (reference.Digest.IsEmpty) ContentTrust.Check(_untrusted);
        // Whether credentials that cannot be read are needed, the registry will say.
        var auth = session.Credentials.HeaderOrNobody(ServerAddress.Of(reference.Domain));
        var tag = _allTags.Value ? null : reference.TagOrDigest;
        await new ProgressDisplay(session.Out) { Quiet = _quiet.Value }.ShowAsync(session.Client.Images.PullAsync(reference.Name, tag, _platform.Value, auth));
        session.Out.WriteLine(reference.ToString());
        return 0;
    }
}

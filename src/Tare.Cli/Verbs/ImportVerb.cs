using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;

namespace Tare.Cli.Verbs;

/// <summary>tare import: makes an image of a file system in a tar archive.</summary>
internal sealed class ImportVerb : Verb
{
    private readonly ListFlag _change;
    private readonly TextFlag _message;
    private readonly TextFlag _platform;

    public ImportVerb()
        : base("[OPTIONS] file|URL|- [REPOSITORY[:TAG]]", "Make an image of the file system in an archive", ArgumentCount.AtLeast(1))
    {
        Aliases = "image import, import";
        _change = Flags.List("change", "Apply an instruction of a Dockerfile to the image", 'c');
        _message = Flags.Text("message", "Comment in the image's history", 'm');
        _platform = Flags.Text("platform", "Platform of the image", initial: Environment.GetEnvironmentVariable("DOCKER_DEFAULT_PLATFORM") ?? "");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var source = arguments[0];
        var isRemote = source.StartsWith("https://", StringComparison.Ordinal) || source.StartsWith("http://", StringComparison.Ordinal);
        using var file = source == "-" || isRemote ? null : HostFiles.OpenRead(source);
        Stream? archive = isRemote ? null : file ?? (Stream)session.In;
        var display = new ProgressDisplay(session.Out);
        var messages = session.Client.Images.ImportAsync(archive, isRemote ? source : "-", arguments.Count > 1 ? arguments[1] : null, _message.Value, _change.Values, _platform.Value);
        await foreach (var message in messages) display.Show(message);
        display.Finish();
        return 0;
    }
}

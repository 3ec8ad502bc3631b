using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Io;

namespace Tare.Cli.Verbs;

/// <summary>tare save: writes images to an archive.</summary>
internal sealed class SaveVerb : Verb
{
    private readonly TextFlag _output;
    private readonly TextFlag _platform;

    public SaveVerb()
        : base("[OPTIONS] IMAGE [IMAGE...]", "Write images to an archive", ArgumentCount.AtLeast(1))
    {
        Aliases = "image save, save";
        _output = Flags.Text("output", "Write to this file instead of stdout", 'o');
        _platform = Flags.Text("platform", "Save only that platform, OS[/ARCHITECTURE[/VARIANT]]");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var platform = PlatformText.Read(_platform.Value);
        using var output = ArchiveOutput.Open(session, _output.Value, "failed to save image");
        await using var archive = await session.Client.Images.SaveAsync(arguments, platform);
        await output.CopyAsync(archive);
        return 0;
    }
}

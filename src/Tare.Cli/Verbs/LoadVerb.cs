using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;

namespace Tare.Cli.Verbs;

/// <summary>tare load: loads the images of an archive.</summary>
internal sealed class LoadVerb : Verb
{
    private readonly TextFlag _input;
    private readonly SwitchFlag _quiet;
    private readonly TextFlag _platform;

    public LoadVerb()
        : base("[OPTIONS]", "Load images from an archive", ArgumentCount.None)
    {
        Aliases = "image load, load";
        _input = Flags.Text("input", "Read this file instead of stdin", 'i');
        _quiet = Flags.Switch("quiet", "Do not show progress", 'q');
        _platform = Flags.Text("platform", "Load only that platform, OS[/ARCHITECTURE[/VARIANT]]");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var platform = PlatformText.Read(_platform.Value);
        if (_input.Value.Length == 0 && Io.Input.IsTerminal) throw new CommandException("requested load from stdin, but stdin is empty");
        using var file = _input.Value.Length > 0 ? HostFiles.OpenRead(_input.Value) : null;
        var quiet = _quiet.Value || !session.Out.IsTerminal;
        var display = new ProgressDisplay(session.Out);
        await foreach (var message in session.Client.Images.LoadAsync(file ?? (Stream)session.In, quiet, platform)) display.Show(message);
        display.Finish();
        return 0;
    }
}

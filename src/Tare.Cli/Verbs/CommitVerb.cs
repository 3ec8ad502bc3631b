using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Client;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Cli.Verbs;

/// <summary>tare commit: makes an image of what a container has changed.</summary>
internal sealed class CommitVerb : Verb
{
    private readonly SwitchFlag _pause;
    private readonly SwitchFlag _noPause;
    private readonly TextFlag _message;
    private readonly TextFlag _author;
    private readonly ListFlag _change;

    public CommitVerb()
        : base("[OPTIONS] CONTAINER [REPOSITORY[:TAG]]", "Make an image of what a container has changed", new ArgumentCount(1, 2))
    {
        Aliases = "container commit, commit";
        Flags.Interspersed = false;
        _pause = Flags.Switch("pause", "Freeze the container meanwhile", 'p', initial: true);
        _noPause = Flags.Switch("no-pause", "Let the container run meanwhile");
        _message = Flags.Text("message", "Comment in the image's history", 'm');
        _author = Flags.Text("author", "Who made the image, such as \"Jo Doe <jo@example.com>\"", 'a');
        _change = Flags.List("change", "Apply an instruction of a Dockerfile to the image", 'c');
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        if (_pause.Given && _noPause.Given) throw new CommandException("conflicting options: --no-pause and --pause cannot be used together");
        var name = arguments.Count > 1 && arguments[1].Length > 0 ? Read(arguments[1]) : null;
        var id = await session.Client.Filesystems.CommitAsync(arguments[0], new CommitOptions
        {
            Repository = name?.FamiliarName,
            Tag = name?.Tag,
            Message = _message.Value,
            Author = _author.Value,
            Changes = _change.Values,
            Pause = _pause.Value && !_noPause.Value,
        });
        session.Out.WriteLine(id);
        return 0;
    }

    private static Reference Read(string text)
    {
        try
        {
            var name = Reference.Parse(text);
            return name.Digest.IsEmpty ? name : throw new CommandException("refusing to create a tag with a digest reference");
        }
        catch (TareException e)
        {
            throw new CommandException(e.Message);
        }
    }
}

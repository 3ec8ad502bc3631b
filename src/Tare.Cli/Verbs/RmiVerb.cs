using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare rmi: takes names from images, and removes images with their last name.</summary>
internal sealed class RmiVerb : Verb
{
    private readonly SwitchFlag _force;
    private readonly SwitchFlag _noPrune;
    private readonly ListFlag _platform;

    /// <param name="name">rmi or rm.</param>
    public RmiVerb(string name)
        : base("[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images", ArgumentCount.AtLeast(1))
    {
        _ = name;
        Aliases = "image rm, image remove, rmi";
        _force = Flags.Switch("force", "Remove the image although it is in use", 'f');
        _noPrune = Flags.Switch("no-prune", "Keep parents that have no name");
        _platform = Flags.Add(new ListFlag("platform", '\0', "Remove only that platform, OS[/ARCHITECTURE[/VARIANT]]", kind: "strings"));
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var platforms = _platform.Values.Select(PlatformText.Read).ToList();
        var errors = new List<string>();
        var fatal = false;
        foreach (var image in arguments)
        {
            try
            {
                foreach (var item in await session.Client.Images.RemoveAsync(image, _force.Value, !_noPrune.Value, platforms))
                    session.Out.WriteLine(string.IsNullOrEmpty(item.Deleted) ? $"Untagged: {item.Untagged}" : $"Deleted: {item.Deleted}");
            }
            catch (Exception e) when (CommandException.IsExpected(e))
            {
                fatal |= e is not EngineException { Status: 404 };
                errors.Add(CommandException.Describe(e));
            }
        }

        if (errors.Count == 0) return 0;
        if (!_force.Value || fatal) throw CommandException.Join(errors);
        session.Out.Flush();
        foreach (var error in errors) session.Error.WriteLine(error);
        return 0;
    }
}

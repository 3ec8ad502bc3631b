using Tare.Cli.Commands;
using Tare.Cli.Flags;

namespace Tare.Cli.Verbs;

/// <summary>tare volume rm: removes volumes.</summary>
internal sealed class VolumeRemoveVerb : Verb
{
    private readonly SwitchFlag _force;

    public VolumeRemoveVerb()
        : base("[OPTIONS] VOLUME [VOLUME...]", "Remove one or more volumes that no container has", ArgumentCount.AtLeast(1))
    {
        Aliases = "volume rm, volume remove";
        _force = Flags.Switch("force", "A volume that is not there is no error", 'f');
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
        => new(Each.Run(session, arguments, volume => session.Client.Volumes.RemoveAsync(volume, _force.Value)));
}

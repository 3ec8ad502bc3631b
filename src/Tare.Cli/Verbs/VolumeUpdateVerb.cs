using Tare.Cli.Commands;

namespace Tare.Cli.Verbs;

/// <summary>tare volume update: only volumes of a swarm can be updated, and there is none.</summary>
internal sealed class VolumeUpdateVerb : Verb
{
    public VolumeUpdateVerb()
        : base("[OPTIONS] VOLUME", "Update a volume of a swarm", ArgumentCount.Exactly(1))
        => Flags.Text("availability", "Availability of the volume", initial: "active");

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        await session.Client.Volumes.InspectJsonAsync(arguments[0]);
        throw new CommandException("can only update cluster volumes");
    }
}

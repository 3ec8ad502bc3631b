using Tare.Cli.Commands;

namespace Tare.Cli.Verbs;

/// <summary>tare pause: freezes the processes of containers.</summary>
internal sealed class PauseVerb : Verb
{
    public PauseVerb()
        : base("CONTAINER [CONTAINER...]", "Freeze all processes of one or more containers", ArgumentCount.AtLeast(1))
    {
        Aliases = "container pause, pause";
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
        => new(Each.Run(session, arguments, container => session.Client.Containers.PauseAsync(container)));
}

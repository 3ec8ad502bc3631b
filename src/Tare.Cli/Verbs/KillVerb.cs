using Tare.Cli.Commands;
using Tare.Cli.Flags;

namespace Tare.Cli.Verbs;

/// <summary>tare kill: sends a signal to containers.</summary>
internal sealed class KillVerb : Verb
{
    private readonly TextFlag _signal;

    public KillVerb()
        : base("[OPTIONS] CONTAINER [CONTAINER...]", "Kill one or more running containers", ArgumentCount.AtLeast(1))
    {
        Aliases = "container kill, kill";
        _signal = Flags.Text("signal", "Signal to send, SIGKILL without this option", 's');
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
        => new(Each.Run(session, arguments, container => session.Client.Containers.KillAsync(container, _signal.Value)));
}

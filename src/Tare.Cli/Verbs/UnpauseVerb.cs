using Tare.Cli.Commands;

namespace Tare.Cli.Verbs;

/// <summary>tare unpause: lets frozen containers go on.</summary>
internal sealed class UnpauseVerb : Verb
{
    public UnpauseVerb()
        : base("CONTAINER [CONTAINER...]", "Let one or more frozen containers go on", ArgumentCount.AtLeast(1))
    {
        Aliases = "container unpause, unpause";
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
        => new(Each.Run(session, arguments, container => session.Client.Containers.UnpauseAsync(container)));
}

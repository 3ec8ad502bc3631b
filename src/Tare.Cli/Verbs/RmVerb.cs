using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare rm: removes containers.</summary>
internal sealed class RmVerb : Verb
{
    private readonly SwitchFlag _volumes;
    private readonly SwitchFlag _link;
    private readonly SwitchFlag _force;

    public RmVerb()
        : base("[OPTIONS] CONTAINER [CONTAINER...]", "Remove one or more containers", ArgumentCount.AtLeast(1))
    {
        Aliases = "container rm, container remove, rm";
        _volumes = Flags.Switch("volumes", "Remove the container's anonymous volumes too", 'v');
        _link = Flags.Switch("link", "Remove the link of that name", 'l');
        _force = Flags.Switch("force", "Kill the container first when it runs", 'f');
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var options = new RemoveOptions { Force = _force.Value, Volumes = _volumes.Value, Link = _link.Value };
        return new(Each.Run(
            session,
            arguments,
            container => container.Trim('/') is { Length: > 0 } name ? session.Client.Containers.RemoveAsync(name, options) : throw new CommandException("container name cannot be empty"),
            forgive: error => _force.Value && error is EngineException { Status: 404 }));
    }
}

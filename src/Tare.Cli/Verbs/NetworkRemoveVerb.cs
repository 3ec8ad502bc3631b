using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare network rm: removes networks, one after another.</summary>
internal sealed class NetworkRemoveVerb : Verb
{
    private readonly SwitchFlag _force;

    public NetworkRemoveVerb()
        : base("NETWORK [NETWORK...]", "Remove one or more networks that no container is in", ArgumentCount.AtLeast(1))
    {
        Aliases = "network rm, network remove";
        _force = Flags.Switch("force", "A network that is not there is no error", 'f');
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var failed = false;
        foreach (var name in arguments)
        {
            try
            {
                await session.Client.Networks.RemoveAsync(name);
                session.Out.WriteLine(name);
            }
            catch (EngineException e) when (_force.Value && e.Status == 404)
            {
                // It is gone, as was wanted.
            }
            catch (Exception e) when (CommandException.IsExpected(e))
            {
                session.Error.WriteLine(CommandException.Describe(e));
                failed = true;
            }
        }

        // Docker's program says so too.
        return failed ? throw new CommandException("exit status 1") : 0;
    }
}

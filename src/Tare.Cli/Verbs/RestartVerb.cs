using Tare.Cli.Commands;

namespace Tare.Cli.Verbs;

/// <summary>tare restart: stops containers and starts them.</summary>
internal sealed class RestartVerb : Verb
{
    private readonly StopFlags _flags;

    public RestartVerb()
        : base("[OPTIONS] CONTAINER [CONTAINER...]", "Restart one or more containers", ArgumentCount.AtLeast(1))
    {
        Aliases = "container restart, restart";
        _flags = new StopFlags(Flags);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var options = _flags.Read();
        var errors = new List<string>();
        foreach (var container in arguments)
        {
            try
            {
                await session.Client.Containers.RestartAsync(container, options);
                session.Out.WriteLine(container);
                session.Out.Flush();
            }
            catch (Exception e) when (CommandException.IsExpected(e))
            {
                errors.Add(CommandException.Describe(e));
            }
        }

        return errors.Count == 0 ? 0 : throw CommandException.Join(errors);
    }
}

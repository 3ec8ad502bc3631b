using Tare.Cli.Commands;

namespace Tare.Cli.Verbs;

/// <summary>tare wait: waits for the end of containers.</summary>
internal sealed class WaitVerb : Verb
{
    public WaitVerb()
        : base("CONTAINER [CONTAINER...]", "Wait until one or more containers end, and print their exit codes", ArgumentCount.AtLeast(1))
    {
        Aliases = "container wait, wait";
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var errors = new List<string>();
        foreach (var container in arguments)
        {
            try
            {
                var exit = await session.Client.Containers.WaitAsync(container);
                session.Out.WriteLine(exit.StatusCode.ToString(System.Globalization.CultureInfo.InvariantCulture));
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

using System.Text;
using Tare.Cli.Commands;
using Tare.Cli.Formatting;

namespace Tare.Cli.Verbs;

/// <summary>tare top: lists the processes of a container.</summary>
internal sealed class TopVerb : Verb
{
    public TopVerb()
        : base("CONTAINER [ps OPTIONS]", "List the processes of a container", ArgumentCount.AtLeast(1))
    {
        Aliases = "container top, top";
        Flags.Interspersed = false;
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var top = await session.Client.Containers.TopAsync(arguments[0], string.Join(' ', arguments.Skip(1)));
        var text = new StringBuilder();
        text.AppendJoin('\t', top.Titles).Append('\n');
        foreach (var process in top.Processes) text.AppendJoin('\t', process).Append('\n');
        var table = new StringBuilder();
        TabWriter.Align(table, text.ToString(), minimum: 20, padding: 3);
        session.Out.Write(table.ToString());
        return 0;
    }
}

using Tare.Cli.Commands;

namespace Tare.Cli.Verbs;

/// <summary>tare diff: tells what a container has changed of its image.</summary>
internal sealed class DiffVerb : Verb
{
    private static readonly char[] Kinds = ['C', 'A', 'D'];

    public DiffVerb()
        : base("CONTAINER", "List the files that a container has added (A), changed (C) or deleted (D)", ArgumentCount.Exactly(1))
    {
        Aliases = "container diff, diff";
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        foreach (var change in await session.Client.Filesystems.ChangesAsync(arguments[0]))
            session.Out.WriteLine($"{(change.Kind >= 0 && change.Kind < Kinds.Length ? Kinds[change.Kind] : ' ')} {change.Path}");
        return 0;
    }
}

using Tare.Cli.Commands;
using Tare.Cli.Creation;

namespace Tare.Cli.Verbs;

/// <summary>tare create: makes a container and does not start it.</summary>
internal sealed class CreateVerb : Verb
{
    private readonly ContainerFlags _flags;
    private readonly List<string> _warnings = [];

    public CreateVerb()
        : base("[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create a new container", ArgumentCount.AtLeast(1))
    {
        Aliases = "container create, create";
        Flags.Interspersed = false;
        _flags = new ContainerFlags(Flags, _warnings.Add);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        foreach (var warning in _warnings) session.Warn(warning);
        var creation = new Creator(session, _flags, "create");
        var request = creation.Build(arguments[0], [.. arguments.Skip(1)]);
        session.Out.WriteLine(await creation.CreateAsync(request));
        return 0;
    }
}

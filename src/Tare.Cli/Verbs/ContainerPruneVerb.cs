using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare container prune: removes all containers that do not run.</summary>
internal sealed class ContainerPruneVerb : Verb
{
    private readonly SwitchFlag _force;
    private readonly Filters _filters;

    public ContainerPruneVerb()
        : base("[OPTIONS]", "Remove all stopped containers", ArgumentCount.None)
    {
        _force = Flags.Switch("force", "Do not ask", 'f');
        _filters = FilterFlag.Add(Flags, '\0', "Remove only what matches NAME=VALUE, such as until=24h");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        FilterFlag.AddConfigured(_filters, session.Config.PruneFilters);
        if (!_force.Value && !Prompt.Confirm(session, "WARNING! This will remove all stopped containers.\nAre you sure you want to continue?")) return 0;
        var report = await session.Client.Containers.PruneAsync(_filters);
        if (report.ContainersDeleted is { Count: > 0 } deleted)
        {
            session.Out.WriteLine("Deleted Containers:");
            foreach (var id in deleted) session.Out.WriteLine(id);
            session.Out.WriteLine();
        }

        session.Out.WriteLine($"Total reclaimed space: {Units.Size(report.ContainersDeleted is { Count: > 0 } ? report.SpaceReclaimed : 0)}");
        return 0;
    }
}

using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare volume prune: removes volumes that no container has.</summary>
internal sealed class VolumePruneVerb : Verb
{
    private readonly SwitchFlag _all;
    private readonly SwitchFlag _force;
    private readonly Filters _filters;

    public VolumePruneVerb()
        : base("[OPTIONS]", "Remove unused volumes", ArgumentCount.None)
    {
        _all = Flags.Switch("all", "Remove all unused volumes, not only anonymous ones", 'a');
        _force = Flags.Switch("force", "Do not ask", 'f');
        _filters = FilterFlag.Add(Flags, '\0', "Remove only what matches NAME=VALUE, such as label=LABEL");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        FilterFlag.AddConfigured(_filters, session.Config.PruneFilters);
        var all = _all.Value;
        if (all)
        {
            if (_filters.ContainsName("all")) throw new CommandException("conflicting options: cannot specify both --all and --filter all=1");
            _filters.Add("all", "true");
        }

        var what = all ? "all local volumes" : "anonymous local volumes";
        if (!_force.Value && !Prompt.Confirm(session, $"WARNING! This will remove {what} not used by at least one container.\nAre you sure you want to continue?")) return 0;
        var report = await session.Client.Volumes.PruneAsync(_filters);
        if (report.VolumesDeleted is { Count: > 0 } deleted)
        {
            session.Out.WriteLine("Deleted Volumes:");
            foreach (var name in deleted) session.Out.WriteLine(name);
            session.Out.WriteLine();
        }

        session.Out.WriteLine($"Total reclaimed space: {Units.Size(report.VolumesDeleted is { Count: > 0 } ? report.SpaceReclaimed : 0)}");
        return 0;
    }
}

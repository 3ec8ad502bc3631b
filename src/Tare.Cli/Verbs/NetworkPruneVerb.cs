using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare network prune: removes the networks that no container is in.</summary>
internal sealed class NetworkPruneVerb : Verb
{
    private readonly SwitchFlag _force;
    private readonly Filters _filters;

    public NetworkPruneVerb()
        : base("[OPTIONS]", "Remove all unused networks", ArgumentCount.None)
    {
        _force = Flags.Switch("force", "Do not ask", 'f');
        _filters = FilterFlag.Add(Flags, '\0', "Remove only what matches NAME=VALUE, such as until=24h");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        FilterFlag.AddConfigured(_filters, session.Config.PruneFilters);
        if (!_force.Value && !Prompt.Confirm(session, "WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?")) return 0;
        var report = await session.Client.Networks.PruneAsync(_filters);
        if (report.NetworksDeleted is not { Count: > 0 } deleted) return 0;
        session.Out.WriteLine("Deleted Networks:");
        foreach (var name in deleted) session.Out.WriteLine(name);
        session.Out.WriteLine();
        return 0;
    }
}

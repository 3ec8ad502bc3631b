using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare image prune: removes images that nothing uses.</summary>
internal sealed class ImagePruneVerb : Verb
{
    private readonly SwitchFlag _force;
    private readonly SwitchFlag _all;
    private readonly Filters _filters;

    public ImagePruneVerb()
        : base("[OPTIONS]", "Remove unused images", ArgumentCount.None)
    {
        _force = Flags.Switch("force", "Do not ask", 'f');
        _all = Flags.Switch("all", "Remove all images that no container uses, not only those without a name", 'a');
        _filters = FilterFlag.Add(Flags, '\0', "Remove only what matches NAME=VALUE, such as until=24h");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        _filters.Add("dangling", _all.Value ? "false" : "true");
        FilterFlag.AddConfigured(_filters, session.Config.PruneFilters);
        var what = _all.Value ? "all images without at least one container associated to them" : "all dangling images";
        if (!_force.Value && !Prompt.Confirm(session, $"WARNING! This will remove {what}.\nAre you sure you want to continue?")) return 0;
        var report = await session.Client.Images.PruneAsync(_filters);
        if (report.ImagesDeleted is { Count: > 0 } deleted)
        {
            session.Out.WriteLine("Deleted Images:");
            foreach (var item in deleted) session.Out.WriteLine(string.IsNullOrEmpty(item.Untagged) ? $"deleted: {item.Deleted}" : $"untagged: {item.Untagged}");
            session.Out.WriteLine();
        }

        session.Out.WriteLine($"Total reclaimed space: {Units.Size(report.ImagesDeleted is { Count: > 0 } ? report.SpaceReclaimed : 0)}");
        return 0;
    }
}

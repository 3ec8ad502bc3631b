using Tare.Engine.Ports;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Containers;

/// <summary>Removes all containers that do not run.</summary>
internal sealed class ContainerPruner(ContainerRegistry registry, ContainerRemover remover, IImageSource images, ContainerEvents events, EngineOptions options)
{
    private int pruning;

    /// <summary>Removes those that the filters leave.</summary>
    public async Task<ContainerPruneResponse> PruneAsync(Filters filters, CancellationToken cancellationToken)
    {
        filters.Validate("label", "label!", "until");
        var until = filters.Until(options.Time);
        if (Interlocked.Exchange(ref pruning, 1) != 0) throw TareException.Conflict("a prune operation is already running");
        try
        {
            return await PruneAsync(filters, until, cancellationToken);
        }
        finally
        {
            Volatile.Write(ref pruning, 0);
        }
    }

    private async Task<ContainerPruneResponse> PruneAsync(Filters filters, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        var deleted = new List<string>();
        ulong reclaimed = 0;
        foreach (var container in registry.All.ToList())
        {
            if (cancellationToken.IsCancellationRequested) break;
            var definition = container.Definition;
            if (container.State.IsRunning || definition.Created > until) continue;
            if (!filters.MatchLabels(definition.Config.Labels)) continue;
            var size = images.FindWritable(container.Id) is { } files ? await Task.Run(() => files.ChangedSize(cancellationToken), cancellationToken) : 0;
            try
            {
                await remover.RemoveAsync(container, container.Id, force: false, withVolumes: false);
            }
            catch (TareException e)
            {
                options.Log(EngineLogLevel.Warning, $"prune: {e.Message}");
                continue;
            }
            reclaimed += (ulong)size;
            deleted.Add(container.Id);
        }
        events.Pruned(reclaimed);
        return new ContainerPruneResponse { ContainersDeleted = deleted.Count > 0 ? deleted : null, SpaceReclaimed = reclaimed };
    }
}

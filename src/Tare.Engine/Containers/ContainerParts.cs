using Tare.Engine.Create;
using Tare.Engine.Networks;
using Tare.Engine.Views;

namespace Tare.Engine.Containers;

/// <summary>Those who do the jobs behind <see cref="ContainerService"/>; put together in <see cref="TareEngine"/>.</summary>
internal sealed record ContainerParts
{
    public required ContainerRegistry Registry { get; init; }

    public required ContainerCreator Creator { get; init; }

    public required ContainerRunner Runner { get; init; }

    public required ContainerStopper Stopper { get; init; }

    public required ContainerRemover Remover { get; init; }

    public required ContainerPruner Pruner { get; init; }

    public required ContainerUpdater Updater { get; init; }

    public required ContainerProcesses Processes { get; init; }

    public required ContainerOutput Output { get; init; }

    public required InspectView Inspect { get; init; }

    public required ListView List { get; init; }

    public required ContainerEvents Events { get; init; }

    public required ContainerNetworks Networks { get; init; }
}

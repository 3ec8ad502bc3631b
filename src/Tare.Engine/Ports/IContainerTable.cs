using Tare.Engine.Containers;

namespace Tare.Engine.Ports;

/// <summary>
/// Where containers are written down. Each method is one short transaction, whole or not at all after a crash; it waits for no disk.
/// </summary>
internal interface IContainerTable
{
    /// <summary>All containers as they were written last.</summary>
    IReadOnlyList<StoredContainer> Load();

    /// <summary>Writes a new container.</summary>
    void Insert(StoredContainer container);

    /// <summary>Writes a container's state.</summary>
    void UpdateState(string id, LifeState state);

    /// <summary>Writes a container's name.</summary>
    void UpdateName(string id, string name);

    /// <summary>Writes what a container is.</summary>
    void UpdateDefinition(ContainerDefinition definition);

    /// <summary>Takes a container out.</summary>
    void Delete(string id);
}

/// <summary>A container as it is written down.</summary>
internal sealed record StoredContainer(ContainerDefinition Definition, string Name, LifeState State);

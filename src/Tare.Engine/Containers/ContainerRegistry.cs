using System.Collections.Concurrent;
using Tare.Engine.Ports;
using Tare.Errors;

namespace Tare.Engine.Containers;

/// <summary>
/// All containers, by id and by name, in memory and written down. A change is written first and seen afterwards. No lock is held while
/// something is written: names are reserved before, and each container has its own gate.
/// </summary>
internal sealed class ContainerRegistry(IContainerTable table)
{
    private readonly ConcurrentDictionary<string, Container> byId = new(StringComparer.Ordinal);

    // Name to id. A name is here from its reservation on, which may be before its container is.
    private readonly ConcurrentDictionary<string, string> names = new(StringComparer.Ordinal);

    /// <summary>All containers, in no order.</summary>
    public IEnumerable<Container> All => byId.Values;

    /// <summary>How many there are.</summary>
    public int Count => byId.Count;

    /// <summary>Reads what was written down.</summary>
    public void Load()
    {
        foreach (var stored in table.Load())
        {
            byId[stored.Definition.Id] = new Container(stored.Definition, stored.Name, stored.State);
            names[stored.Name] = stored.Definition.Id;
        }
    }

    /// <summary>Finds a container by its id, its name, or the beginning of its id.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>; <see cref="ErrorKind.InvalidArgument"/> when several begin so.</exception>
    public Container Find(string idOrName)
    {
        if (idOrName.Length == 0) throw TareException.Invalid("invalid name or ID supplied: \"\"");
        if (TryFind(idOrName) is { } found) return found;
        Container? match = null;
        if (idOrName.Length < 64 && idOrName.All(char.IsAsciiHexDigitLower))
        {
            foreach (var (id, container) in byId)
            {
                if (!id.StartsWith(idOrName, StringComparison.Ordinal)) continue;
                if (match is not null) throw TareException.Invalid("multiple IDs found with provided prefix: " + idOrName);
                match = container;
            }
        }
        return match ?? throw NoSuch(idOrName);
    }

    /// <summary>Finds a container by its whole id or its name.</summary>
    public Container? TryFind(string idOrName)
    {
        if (byId.TryGetValue(idOrName, out var container)) return container;
        var name = idOrName.StartsWith('/') ? idOrName[1..] : idOrName;
        return names.TryGetValue(name, out var id) ? byId.GetValueOrDefault(id) : null;
    }

    /// <summary>Docker's words for a container that is not there.</summary>
    public static TareException NoSuch(string name) => TareException.NotFound("No such container: " + name);

    /// <summary>Takes a name for a container.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.Conflict"/>, with Docker's text.</exception>
    public void ReserveName(string name, string id)
    {
        if (names.TryAdd(name, id)) return;
        var owner = names.GetValueOrDefault(name, id);
        throw TareException.Conflict(
            $"Conflict. The container name \"/{name}\" is already in use by container \"{owner}\". You have to remove (or rename) that container to be able to reuse that name.");
    }

    /// <summary>Finds a free name and takes it.</summary>
    public string ReserveGeneratedName(string id)
    {
        for (var attempt = 0; attempt < 6; attempt++)
        {
            var name = NameGenerator.Next(attempt);
            if (names.TryAdd(name, id)) return name;
        }
        ReserveName(id[..12], id);
        return id[..12];
    }

    /// <summary>Gives a reserved name back, if this id has it.</summary>
    public void ReleaseName(string name, string id) => names.TryRemove(KeyValuePair.Create(name, id));

    /// <summary>Writes a new container, whose name is reserved; from then on it is found.</summary>
    public void Add(Container container)
    {
        table.Insert(new StoredContainer(container.Definition, container.Name, container.State));
        byId[container.Id] = container;
    }

    /// <summary>Writes a new state, then shows it.</summary>
    public void Save(Container container, LifeState state)
    {
        table.UpdateState(container.Id, state);
        container.State = state;
    }

    /// <summary>Writes a new definition, then shows it.</summary>
    public void Save(Container container, ContainerDefinition definition)
    {
        table.UpdateDefinition(definition);
        container.Definition = definition;
    }

    /// <summary>Gives a container another name.</summary>
    public void Rename(Container container, string name)
    {
        ReserveName(name, container.Id);
        try
        {
            table.UpdateName(container.Id, name);
        }
        catch
        {
            ReleaseName(name, container.Id);
            throw;
        }
        var old = container.Name;
        container.Name = name;
        ReleaseName(old, container.Id);
    }

    /// <summary>Takes a container out; its name is free.</summary>
    public void Remove(Container container)
    {
        table.Delete(container.Id);
        byId.TryRemove(container.Id, out _);
        ReleaseName(container.Name, container.Id);
    }
}

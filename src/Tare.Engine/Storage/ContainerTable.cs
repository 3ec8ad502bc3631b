using System.Text.Json;
using Tare.Engine.Containers;
using Tare.Engine.Ports;
using Tare.Store;
using Tare.Wire;
using Tare.Wire.Json;

namespace Tare.Engine.Storage;

/// <summary>Containers in the database.</summary>
internal sealed class ContainerTable(Database database) : IContainerTable
{
    /// <inheritdoc/>
    public IReadOnlyList<StoredContainer> Load() => database.Read(session => session.Query(
        "SELECT id, name, created, image_id, config, host_config, networking, mounts, state FROM engine_containers",
        static row => new StoredContainer(
            new ContainerDefinition
            {
                Id = row.GetString(0),
                Created = new DateTimeOffset(row.GetInt64(2), TimeSpan.Zero),
                ImageId = row.GetString(3),
                Config = WireJson.Read<ContainerConfig>(row.GetBytes(4))!,
                HostConfig = WireJson.Read<HostConfig>(row.GetBytes(5))!,
                Networking = row.IsNull(6) ? null : WireJson.Read<NetworkingConfig>(row.GetBytes(6)),
                Mounts = JsonSerializer.Deserialize(row.GetBytes(7), EngineJson.Default.IReadOnlyListContainerMount)!,
            },
            row.GetString(1),
            JsonSerializer.Deserialize(row.GetBytes(8), EngineJson.Default.LifeState)!)));

    /// <inheritdoc/>
    public void Insert(StoredContainer container)
    {
        var definition = container.Definition;
        var (config, host, networking, mounts) = Documents(definition);
        var state = Document(container.State);
        database.Write(session => session.Execute(
            "INSERT INTO engine_containers (id, name, created, image_id, config, host_config, networking, mounts, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            definition.Id,
            container.Name,
            definition.Created.UtcTicks,
            definition.ImageId,
            config,
            host,
            networking,
            mounts,
            state));
    }

    /// <inheritdoc/>
    public void UpdateState(string id, LifeState state)
    {
        var document = Document(state);
        database.Write(session => session.Execute("UPDATE engine_containers SET state = ? WHERE id = ?", document, id));
    }

    /// <inheritdoc/>
    public void UpdateName(string id, string name) =>
        database.Write(session => session.Execute("UPDATE engine_containers SET name = ? WHERE id = ?", name, id));

    /// <inheritdoc/>
    public void UpdateDefinition(ContainerDefinition definition)
    {
        var (config, host, networking, mounts) = Documents(definition);
        database.Write(session => session.Execute(
            "UPDATE engine_containers SET config = ?, host_config = ?, networking = ?, mounts = ? WHERE id = ?",
            config,
            host,
            networking,
            mounts,
            definition.Id));
    }

    /// <inheritdoc/>
    public void Delete(string id) => database.Write(session => session.Execute("DELETE FROM engine_containers WHERE id = ?", id));

    private static byte[] Document(LifeState state) => JsonSerializer.SerializeToUtf8Bytes(state, EngineJson.Default.LifeState);

    private static (byte[] Config, byte[] Host, byte[]? Networking, byte[] Mounts) Documents(ContainerDefinition definition) => (
        WireJson.ToUtf8(definition.Config),
        WireJson.ToUtf8(definition.HostConfig),
        definition.Networking is { } networking ? WireJson.ToUtf8(networking) : null,
        JsonSerializer.SerializeToUtf8Bytes(definition.Mounts, EngineJson.Default.IReadOnlyListContainerMount));
}

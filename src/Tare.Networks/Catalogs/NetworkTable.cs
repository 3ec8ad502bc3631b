using System.Net;
using Tare.Networks.Addresses;
using Tare.Store;

namespace Tare.Networks.Catalogs;

/// <summary>The networks in the database. Changes wait for the disk.</summary>
internal sealed class NetworkTable(Database database)
{
    private const string Option = "option";
    private const string IpamOption = "ipam";
    private const string Label = "label";

    /// <summary>Notes a network that is about to be made. Nothing else may have its name.</summary>
    internal void Begin(Network network) => database.Write(session => Add(session, network, NetworkSchema.Passing), Durability.Full);

    /// <summary>A network that is there is another one from now on.</summary>
    internal void Replace(Network network) => database.Write(
        session =>
        {
            session.Execute("DELETE FROM network WHERE id = ?", network.Id);
            Add(session, network, NetworkSchema.Ready);
        },
        Durability.Full);

    /// <summary>A network has been made.</summary>
    internal void Complete(string id) => SetState(id, NetworkSchema.Ready);

    /// <summary>A network is about to be removed.</summary>
    internal void Doom(string id) => SetState(id, NetworkSchema.Passing);

    /// <summary>Nothing of a network is left.</summary>
    internal void End(string id) => database.Write(session => session.Execute("DELETE FROM network WHERE id = ?", id), Durability.Full);

    /// <summary>The networks that are there, and those of which only parts may be.</summary>
    internal (IReadOnlyList<Network> Ready, IReadOnlyList<Network> Passing) Read() => database.Read(session =>
    {
        var values = session.Query(
                "SELECT network, kind, name, value FROM network_has_value", row => (Network: row.GetString(0), Kind: row.GetString(1), Name: row.GetString(2), Value: row.GetString(3)))
            .ToLookup(row => (row.Network, row.Kind));
        var addresses = session.Query(
                "SELECT network, position, name, address FROM network_subnet_has_address",
                row => (Network: row.GetString(0), Position: row.GetInt64(1), Name: row.GetString(2), Address: row.GetString(3)))
            .ToLookup(row => (row.Network, row.Position));
        var subnets = session.Query(
                "SELECT network, position, subnet, range, gateway, gateway_given, from_pool FROM network_has_subnet ORDER BY network, position",
                row => (Network: row.GetString(0), Position: row.GetInt64(1), Subnet: row.GetString(2), Range: row.GetStringOrNull(3), Gateway: row.GetStringOrNull(4), IsGiven: row.GetBoolean(5), IsFromPool: row.GetBoolean(6)))
            .ToLookup(
                row => row.Network,
                row => new Subnet
                {
                    Network = IPNetwork.Parse(row.Subnet),
                    Range = row.Range is null ? null : IPNetwork.Parse(row.Range),
                    Gateway = row.Gateway is null ? null : IPAddress.Parse(row.Gateway),
                    HasGivenGateway = row.IsGiven,
                    IsFromPool = row.IsFromPool,
                    Auxiliary = addresses[(row.Network, row.Position)].ToDictionary(entry => entry.Name, entry => IPAddress.Parse(entry.Address)),
                });
        var rows = session.Query(
            "SELECT id, name, driver, created, internal, attachable, ipv4, ipv6, device, state, config_only, config_from FROM network ORDER BY created, id",
            row => (State: row.GetInt64(9), Network: new Network
            {
                Id = row.GetString(0),
                Name = row.GetString(1),
                Driver = row.GetString(2),
                Created = new DateTimeOffset(row.GetInt64(3), TimeSpan.Zero),
                IsInternal = row.GetBoolean(4),
                IsAttachable = row.GetBoolean(5),
                HasIPv4 = row.GetBoolean(6),
                HasIPv6 = row.GetBoolean(7),
                Device = row.GetString(8),
                IsConfigOnly = row.GetBoolean(10),
                ConfigFrom = row.GetString(11),
            }));
        var networks = rows.Select(row => (row.State, Network: row.Network with
        {
            Options = Map(row.Network.Id, Option),
            IpamOptions = Map(row.Network.Id, IpamOption),
            Labels = Map(row.Network.Id, Label),
            Subnets = [.. subnets[row.Network.Id]],
        })).ToLookup(row => row.State == NetworkSchema.Ready, row => row.Network);
        return ((IReadOnlyList<Network>)[.. networks[true]], (IReadOnlyList<Network>)[.. networks[false]]);

        Dictionary<string, string> Map(string id, string kind) => values[(id, kind)].ToDictionary(row => row.Name, row => row.Value, StringComparer.Ordinal);
    });

    private void SetState(string id, long state) => database.Write(session => session.Execute("UPDATE network SET state = ? WHERE id = ?", state, id), Durability.Full);

    private static void Add(WriteSession session, Network network, long state)
    {
        session.Execute(
            "INSERT INTO network (id, name, driver, created, internal, attachable, ipv4, ipv6, device, state, config_only, config_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            network.Id,
            network.Name,
            network.Driver,
            network.Created.UtcTicks,
            network.IsInternal ? 1 : 0,
            network.IsAttachable ? 1 : 0,
            network.HasIPv4 ? 1 : 0,
            network.HasIPv6 ? 1 : 0,
            network.Device,
            state,
            network.IsConfigOnly ? 1 : 0,
            network.ConfigFrom);
        Add(session, network.Id, Option, network.Options);
        Add(session, network.Id, IpamOption, network.IpamOptions);
        Add(session, network.Id, Label, network.Labels);
        for (var i = 0; i < network.Subnets.Count; i++) Add(session, network.Id, i, network.Subnets[i]);
    }

    private static void Add(WriteSession session, string network, string kind, IReadOnlyDictionary<string, string> values)
    {
        foreach (var (name, value) in values) session.Execute("INSERT INTO network_has_value (network, kind, name, value) VALUES (?, ?, ?, ?)", network, kind, name, value);
    }

    private static void Add(WriteSession session, string network, int position, Subnet subnet)
    {
        session.Execute(
            "INSERT INTO network_has_subnet (network, position, subnet, range, gateway, gateway_given, from_pool) VALUES (?, ?, ?, ?, ?, ?, ?)",
            network,
            position,
            subnet.Network.ToString(),
            subnet.Range?.ToString(),
            subnet.Gateway?.ToString(),
            subnet.HasGivenGateway ? 1 : 0,
            subnet.IsFromPool ? 1 : 0);
        foreach (var (name, address) in subnet.Auxiliary)
            session.Execute("INSERT INTO network_subnet_has_address (network, position, name, address) VALUES (?, ?, ?, ?)", network, position, name, address.ToString());
    }
}

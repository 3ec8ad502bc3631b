using System.Net;
using Tare.Errors;
using Tare.Networks.Addresses;
using Tare.Networks.Catalogs;
using Tare.Store;

namespace Tare.Networks.Tests.Catalogs;

/// <summary>Networks in the database, and how they are found.</summary>
public sealed class NetworkTableTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tare-networks-").FullName;
    private readonly Database _database;

    public NetworkTableTests() => _database = Database.Open(Path.Combine(_folder, "tare.db"), NetworkSchema.Owner);

    public void Dispose()
    {
        _database.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_network_is_kept_whole()
    {
        var table = new NetworkTable(_database);
        var network = Make('a', "one") with
        {
            Options = new Dictionary<string, string> { ["o"] = "1", [""] = "" },
            IpamOptions = new Dictionary<string, string> { ["o"] = "2" },
            Labels = new Dictionary<string, string> { ["o"] = "3" },
            IsInternal = true,
            IsAttachable = true,
            HasIPv6 = true,
            IsConfigOnly = true,
            ConfigFrom = "other",
            Subnets =
            [
                new Subnet { Network = IPNetwork.Parse("10.0.0.0/24"), Range = IPNetwork.Parse("10.0.0.128/25"), Gateway = IPAddress.Parse("10.0.0.1"), HasGivenGateway = true, Auxiliary = new Dictionary<string, IPAddress> { ["x"] = IPAddress.Parse("10.0.0.9") } },
                new Subnet { Network = IPNetwork.Parse("fd00::/64"), IsFromPool = true },
            ],
        };
        table.Begin(network);
        Assert.Empty(table.Read().Ready);
        table.Complete(network.Id);
        Equal(network, Assert.Single(table.Read().Ready));
        table.Doom(network.Id);
        Equal(network, Assert.Single(table.Read().Passing));
        table.End(network.Id);
        Assert.Equal((0, 0), (table.Read().Ready.Count, table.Read().Passing.Count));
        foreach (var rows in new[] { "network_has_value", "network_has_subnet", "network_subnet_has_address" })
            Assert.Equal(0, _database.Read(session => session.QueryFirst("SELECT count(*) FROM " + rows, row => row.GetInt64(0))));
    }

    [Fact]
    public void A_name_is_there_once()
    {
        var table = new NetworkTable(_database);
        table.Begin(Make('a', "one"));
        Assert.Throws<StoreException>(() => table.Begin(Make('b', "one")));
        table.Begin(Make('b', "two"));
    }

    [Fact]
    public void They_are_found_by_id_name_and_beginning()
    {
        var (one, two) = (Make('a', "one"), Make('b', new string('a', 64)[..10]));
        var third = Make('c', "three") with { Id = "a" + new string('c', 63) };
        var catalog = new NetworkCatalog([one, two, third]);
        Assert.Same(one, catalog.Get(one.Id));
        Assert.Same(one, catalog.Get("one"));
        // A name comes before the beginning of an id.
        Assert.Same(two, catalog.Get("aaaaaaaaaa"));
        Assert.Same(two, catalog.Get("bb"));
        var ambiguous = Assert.Throws<TareException>(() => catalog.Get("a"));
        Assert.Equal((ErrorKind.Conflict, "network a is ambiguous (2 matches found based on ID prefix)"), (ambiguous.Kind, ambiguous.Message));
        foreach (var name in new[] { "", "x", "ONE" })
        {
            var missing = Assert.Throws<TareException>(() => catalog.Get(name));
            Assert.Equal((ErrorKind.NotFound, $"network {name} not found"), (missing.Kind, missing.Message));
        }
    }

    private static Network Make(char digit, string name) =>
        new() { Id = new string(digit, 64), Name = name, Driver = "bridge", Created = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), Device = "br-" + digit };

    private static void Equal(Network expected, Network actual)
    {
        Assert.Equal(expected.Options, actual.Options);
        Assert.Equal(expected.IpamOptions, actual.IpamOptions);
        Assert.Equal(expected.Labels, actual.Labels);
        Assert.Equal(expected.Subnets.Select(Describe), actual.Subnets.Select(Describe));
        var same = actual with { Options = expected.Options, IpamOptions = expected.IpamOptions, Labels = expected.Labels, Subnets = expected.Subnets };
        Assert.Equal(expected, same);
    }

    private static string Describe(Subnet subnet) => $"{subnet.Network} {subnet.Range} {subnet.Gateway} {subnet.HasGivenGateway} {string.Join(',', subnet.Auxiliary)}";
}

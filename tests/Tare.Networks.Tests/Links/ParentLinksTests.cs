using System.Net;
using Tare.Errors;
using Tare.Linux;
using Tare.Linux.Netlink;
using Tare.Networks.Links;
using Tare.Networks.Parents;

namespace Tare.Networks.Tests.Links;

/// <summary>Containers with devices on one of the host's. Where the kernel lacks such devices, it says so.</summary>
public sealed class ParentLinksTests : IDisposable
{
    private readonly LinkFixture fixture = new();
    private readonly ParentLinks parents;

    public ParentLinksTests()
    {
        parents = new ParentLinks(fixture.HostNetwork, fixture.Owner);
        fixture.HostNetwork.Use(links =>
        {
            links.Execute(new LinkRequest("up0", new VethLink(new LinkRequest("up1"))) { Up = true }, new LinkChange(new LinkId(0, "up1")) { Up = true });
            return 0;
        });
    }

    public void Dispose() => fixture.Dispose();

    [Fact]
    public void Containers_on_one_device_reach_each_other()
    {
        var network = Plan("macvlan", ("parent", "up0"));
        parents.Make(network);
        Assert.Null(fixture.HostDevice("up0")!.Alias);
        var (first, second) = (fixture.NewSandbox(), fixture.NewSandbox());
        if (!IsKnown(() => Attach(network, first, 2))) return;
        Attach(network, second, 3);
        using var server = fixture.Listen(second.Namespace, IPAddress.Any, 80);
        Assert.Equal("10.1.0.2", fixture.Reach(first.Namespace, IPAddress.Parse("10.1.0.3"), server)!.ToString());
        var device = first.Use(links => links.Find("eth0"))!;
        Assert.True(device is { Kind: "macvlan", HardwareAddress.Value: 0x02420A010002 });
        Assert.Throws<LinuxException>(() => Attach(network, first, 4));
        ParentLinks.Detach(first, "eth0");
        ParentLinks.Detach(first, "eth0");
        Assert.Null(first.Use(links => links.Find("eth0")));
        parents.Remove(network, []);
        Assert.NotNull(fixture.HostDevice("up0"));
    }

    [Fact]
    public void Ipvlan_is_made_or_refused_by_name()
    {
        var network = Plan("ipvlan", ("parent", "up0"), ("ipvlan_mode", "l3"));
        var sandbox = fixture.NewSandbox();
        if (!IsKnown(() => Attach(network, sandbox, 2))) return;
        SandboxLinks.SetGateways(sandbox, new SandboxGateway("eth0", null), null);
        Assert.Equal("ipvlan", sandbox.Use(links => links.Find("eth0"))!.Kind);
    }

    [Theory]
    [InlineData("up0.50")]
    [InlineData(null)]
    public void A_device_that_was_made_goes_with_the_last_network(string? parent)
    {
        (string, string)[] options = parent is null ? [] : [("parent", parent)];
        var (one, two) = (Plan("macvlan", options), Plan("macvlan", options));
        if (parent is null) two = two with { Device = one.Device };
        if (!IsKnown(() => parents.Make(one))) return;
        parents.Make(two);
        parents.Make(one);
        var device = fixture.HostDevice(one.Device)!;
        Assert.True(device is { IsUp: true } && device.Kind == (parent is null ? "dummy" : "vlan"));
        parents.Remove(one, [two]);
        Assert.Empty(fixture.Bridges.Sweep(new HashSet<string> { two.Id }, new HashSet<string>()));
        Assert.NotNull(fixture.HostDevice(one.Device));
        parents.Remove(two, []);
        parents.Remove(two, []);
        Assert.Null(fixture.HostDevice(one.Device));
    }

    [Theory]
    [InlineData("no0", "invalid subinterface vlan name no0, example formatting is eth0.10")]
    [InlineData("no0.5.6", "required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received no0.5.6")]
    [InlineData("up0.x", "unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)")]
    [InlineData("up0.4095", "vlan id must be between 1-4094, received: 4095")]
    [InlineData("lo", "loopback interface is not a valid macvlan parent link")]
    public void A_device_that_cannot_be_is_refused_in_Dockers_words(string parent, string message) =>
        Assert.Equal(message, Assert.Throws<TareException>(() => parents.Make(Plan("macvlan", ("parent", parent)))).Message);

    [Theory]
    [InlineData("macvlan", "macvlan_mode", "requested macvlan mode 'x' is not valid, 'bridge' mode is the macvlan driver default")]
    [InlineData("ipvlan", "ipvlan_mode", "requested ipvlan mode 'x' is not valid, 'l2' mode is the ipvlan driver default")]
    [InlineData("ipvlan", "ipvlan_flag", "requested ipvlan flag 'x' is not valid, 'bridge' is the ipvlan driver default")]
    public void Modes_are_checked(string driver, string option, string message) =>
        Assert.Equal(message, Assert.Throws<TareException>(() => ParentOptions.Read(driver, new Dictionary<string, string> { [option] = "x" })).Message);

    private Network Plan(string driver, params (string Name, string Value)[] options)
    {
        var network = fixture.Plan("10.1.0.0/24", null, options) with { Driver = driver };
        var parent = options.FirstOrDefault(option => option.Name == "parent").Value;
        return network with { Device = parent == "lo" ? "dm-x" : ParentOptions.Read(driver, network.Options).DeviceOf(driver, network.Id) };
    }

    private void Attach(Network network, SandboxNetwork sandbox, byte number)
    {
        var link = parents.Attach(network, LinkFixture.Endpoint(network, fixture.NewId(), number), sandbox, "eth0");
        Assert.True(fixture.Readiness.WaitAsync(link, sandbox, TimeSpan.FromSeconds(10), CancellationToken.None).AsTask().GetAwaiter().GetResult());
    }

    /// <summary>False: the kernel has no such devices, and says it.</summary>
    private static bool IsKnown(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (LinuxException e) when (e.Error == Errno.EOPNOTSUPP)
        {
            Assert.Contains("Unknown device type", e.Message, StringComparison.Ordinal);
            return false;
        }
    }
}

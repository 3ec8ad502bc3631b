using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>Containers on networks, over a kernel in memory: what is taken is given back, whichever step fails, and whenever the engine dies.</summary>
public sealed class NetworkTests
{
    [Fact]
    public async Task A_container_has_a_place_while_it_runs()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync("web", On("bridge", request => request.HostConfig!.PortBindings = Ports("80/tcp", "8080")));
        var endpoint = Assert.Single(harness.Get(id).State.Endpoints!);
        Assert.Equal(("172.17.0.2", "172.17.0.1", "02:42:ac:11:00:02", "eth0"), (endpoint.IPv4, endpoint.Gateway4, endpoint.MacAddress, endpoint.Device));
        Assert.Equal("172.17.0.1", harness.Plane.Gateways.IPv4!.Address.ToString());
        Assert.Equal([8080, 8080], harness.Plane.Reserved[id].Select(port => (int)port.HostPort));
        var shown = (await harness.Containers.InspectAsync(id, false, CancellationToken.None)).NetworkSettings!;
        Assert.Equal(["0.0.0.0:8080", ":::8080"], shown.Ports!["80/tcp"]!.Select(binding => $"{binding.HostIp}:{binding.HostPort}"));
        Assert.Equal("172.17.0.2", shown.Networks!["bridge"]!.IPAddress);
        await harness.EndAsync(id, () => harness.Containers.KillAsync(id, null, CancellationToken.None));
        Assert.True(harness.Plane.IsEmpty);
        Assert.Null(harness.Get(id).State.Endpoints);
        // The lowest address is free again.
        await harness.Containers.StartAsync(id, CancellationToken.None);
        Assert.Equal("172.17.0.2", harness.Get(id).State.Endpoints![0].IPv4);
    }

    [Theory]
    [InlineData("make")]
    [InlineData("reserve")]
    [InlineData("attach")]
    [InlineData("gateways")]
    [InlineData("publish")]
    [InlineData("names")]
    public async Task A_step_that_fails_leaves_nothing(string step)
    {
        await using var harness = await Harness.OpenAsync();
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "n" }, CancellationToken.None);
        var id = await harness.CreateAsync("c1", On("n", request => request.HostConfig!.PortBindings = Ports("80/tcp", "8080")));
        harness.Plane.Failing = step;
        var error = await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync(id, CancellationToken.None));
        Assert.Contains(step, error.Message, StringComparison.Ordinal);
        await harness.IdleAsync();
        Assert.True(harness.Plane.IsEmpty);
        var state = harness.Get(id).State;
        Assert.Equal((128, true), (state.ExitCode, state.Error.Contains(step, StringComparison.Ordinal)));
        Assert.Null(state.Endpoints);
        Assert.Empty(harness.Core.Networks.Inspect("n", "").Containers!);
        harness.Plane.Failing = null;
        await harness.Containers.StartAsync(id, CancellationToken.None);
        Assert.EndsWith(".2", harness.Get(id).State.Endpoints![0].IPv4, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_network_that_is_not_there_is_told_at_the_start()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync("c1", On("later"));
        var error = await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync(id, CancellationToken.None));
        Assert.Equal((ErrorKind.NotFound, "failed to set up container networking: network later not found"), (error.Kind, error.Message));
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "later" }, CancellationToken.None);
        await harness.Containers.StartAsync(id, CancellationToken.None);
        Assert.Equal("later", harness.Get(id).State.Endpoints![0].NetworkName);
    }

    [Fact]
    public async Task A_network_with_containers_stays()
    {
        await using var harness = await Harness.OpenAsync();
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "n" }, CancellationToken.None);
        var id = await harness.RunAsync("c1", On("n"));
        var error = await Assert.ThrowsAsync<TareException>(() => harness.Core.Networks.RemoveAsync("n", CancellationToken.None));
        Assert.Equal(ErrorKind.Forbidden, error.Kind);
        Assert.Contains("has active endpoints (name:\"c1\"", error.Message, StringComparison.Ordinal);
        await harness.EndAsync(id, () => harness.Containers.KillAsync(id, null, CancellationToken.None));
        await harness.Core.Networks.RemoveAsync("n", CancellationToken.None);
        Assert.DoesNotContain(harness.Plane.Made.Values, network => network.Name == "n");
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<TareException>(() => harness.Core.Networks.Inspect("n", "")).Kind);
    }

    [Fact]
    public async Task A_running_container_comes_to_a_network_and_leaves_it()
    {
        await using var harness = await Harness.OpenAsync();
        var networks = harness.Core.Networks;
        await networks.CreateAsync(new NetworkCreateRequest { Name = "n" }, CancellationToken.None);
        var id = await harness.RunAsync("c1", On("bridge", request => request.HostConfig!.PortBindings = Ports("80/tcp", "8080")));
        await networks.ConnectAsync("n", new NetworkConnectRequest { Container = "c1", EndpointConfig = new EndpointSettings { Aliases = ["alias"] } }, CancellationToken.None);
        Assert.Equal(["eth0", "eth1"], harness.Get(id).State.Endpoints!.Select(endpoint => endpoint.Device));
        Assert.Equal(2, harness.Plane.Attached.Count);
        Assert.Single(harness.Plane.Named);
        Assert.Equal("c1", networks.Inspect("n", "").Containers![id].Name);
        Assert.Contains("nameserver 127.0.0.11\n", File.ReadAllText(Path.Combine(harness.DirectoryOf(id), "resolv.conf")), StringComparison.Ordinal);
        var error = await Assert.ThrowsAsync<TareException>(() => networks.ConnectAsync("n", new NetworkConnectRequest { Container = "c1" }, CancellationToken.None));
        Assert.Equal((ErrorKind.Forbidden, "endpoint with name c1 already exists in network n"), (error.Kind, error.Message));

        // Its ports follow it.
        await networks.DisconnectAsync("bridge", new NetworkDisconnectRequest { Container = "c1" }, CancellationToken.None);
        var left = Assert.Single(harness.Get(id).State.Endpoints!);
        Assert.Equal(("n", 2), (left.NetworkName, left.Ports!.Count));
        Assert.Equal(left.Id, Assert.Single(harness.Plane.Published).Key);
        Assert.Equal(left.Gateway4, harness.Plane.Gateways.IPv4!.Address.ToString());
        await harness.EndAsync(id, () => harness.Containers.KillAsync(id, null, CancellationToken.None));
        Assert.True(harness.Plane.IsEmpty);
    }

    [Fact]
    public async Task Who_is_made_has_an_address_before_he_is_started()
    {
        await using var harness = await Harness.OpenAsync();
        var networks = harness.Core.Networks;
        await networks.CreateAsync(new NetworkCreateRequest { Name = "n", IPAM = new() { Config = [new() { Subnet = "10.9.0.0/29" }] } }, CancellationToken.None);
        var back = await harness.CreateAsync("back", On("n"));
        Assert.Equal("10.9.0.2", Assert.Single(harness.Get(back).State.Awaited!).IPv4);
        Assert.Equal("", (await harness.Containers.InspectAsync(back, false, CancellationToken.None)).NetworkSettings!.Networks!["n"]!.IPAddress);
        var proxy = await harness.RunAsync("proxy", On("n"));
        Assert.Equal("10.9.0.3", harness.Get(proxy).State.Endpoints![0].IPv4);
        // Another engine knows it as well.
        await harness.KillEngineAsync();
        harness.Plane.EngineDies();
        await harness.ReopenAsync();
        var other = await harness.RunAsync("other", On("n"));
        Assert.Equal("10.9.0.4", harness.Get(other).State.Endpoints![0].IPv4);
        var place = harness.Get(back).State.Awaited![0];
        await harness.Containers.StartAsync(back, CancellationToken.None);
        Assert.Null(harness.Get(back).State.Awaited);
        Assert.Equal((place.Id, "10.9.0.2"), (harness.Get(back).State.Endpoints![0].Id, harness.Get(back).State.Endpoints![0].IPv4));

        // It is given up with the container, with its place on the network, and by a start that fails.
        var last = await harness.CreateAsync("last", On("n"));
        Assert.Equal("10.9.0.5", harness.Get(last).State.Awaited![0].IPv4);
        await harness.Core.Networks.DisconnectAsync("n", new NetworkDisconnectRequest { Container = "last" }, CancellationToken.None);
        Assert.Null(harness.Get(last).State.Awaited);
        await harness.Core.Networks.ConnectAsync("n", new NetworkConnectRequest { Container = "last" }, CancellationToken.None);
        Assert.Equal("10.9.0.5", harness.Get(last).State.Awaited![0].IPv4);
        await harness.Containers.RemoveAsync(last, new ContainerRemoveOptions(), CancellationToken.None);
        var failing = await harness.CreateAsync("failing", On("n"));
        Assert.Equal("10.9.0.5", harness.Get(failing).State.Awaited![0].IPv4);
        harness.Plane.Failing = "attach";
        await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync(failing, CancellationToken.None));
        harness.Plane.Failing = null;
        Assert.Null(harness.Get(failing).State.Awaited);

        // Who needs one gets what is only kept, and the other finds none left.
        var waiting = new[] { await harness.CreateAsync("w1", On("n")), await harness.CreateAsync("w2", On("n")), await harness.CreateAsync("w3", On("n")) };
        Assert.Equal(["10.9.0.5", "10.9.0.6", null], waiting.Select(id => harness.Get(id).State.Awaited?[0].IPv4));
        await harness.Containers.StartAsync(waiting[2], CancellationToken.None);
        Assert.Equal("10.9.0.5", harness.Get(waiting[2]).State.Endpoints![0].IPv4);
        await harness.Containers.StartAsync(waiting[1], CancellationToken.None);
        Assert.Equal("10.9.0.6", harness.Get(waiting[1]).State.Endpoints![0].IPv4);
        var error = await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync(waiting[0], CancellationToken.None));
        Assert.Contains("no available IPv4 addresses", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_hosts_that_is_none_any_more_is_left_alone()
    {
        await using var harness = await Harness.OpenAsync();
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "n" }, CancellationToken.None);
        var id = await harness.RunAsync("c1", On("bridge"));
        var hosts = Path.Combine(harness.DirectoryOf(id), "hosts");
        await File.WriteAllBytesAsync(hosts, new byte[(1 << 20) + 1]);
        await harness.Core.Networks.ConnectAsync("n", new NetworkConnectRequest { Container = "c1" }, CancellationToken.None);
        Assert.Equal((1 << 20) + 1, new FileInfo(hosts).Length);
    }

    [Theory]
    [InlineData("attach")]
    [InlineData("names")]
    public async Task A_connection_that_fails_changes_nothing(string step)
    {
        await using var harness = await Harness.OpenAsync();
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "n" }, CancellationToken.None);
        var id = await harness.RunAsync("c1", On("bridge"));
        var before = harness.Get(id).State.Endpoints;
        harness.Plane.Failing = step;
        await Assert.ThrowsAsync<TareException>(() => harness.Core.Networks.ConnectAsync("n", new NetworkConnectRequest { Container = "c1" }, CancellationToken.None));
        Assert.Equal(before, harness.Get(id).State.Endpoints);
        Assert.Single(harness.Plane.Attached);
        Assert.Single(harness.Plane.Published);
        Assert.DoesNotContain("n", harness.Get(id).Definition.Networking!.EndpointsConfig!.Keys);
        await harness.Core.Networks.RemoveAsync("n", CancellationToken.None);
    }

    [Theory]
    [InlineData("")]
    [InlineData("move")]
    public async Task Ports_go_with_the_way_out_to_a_network_that_is_wanted_more(string failing)
    {
        await using var harness = await Harness.OpenAsync();
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "n" }, CancellationToken.None);
        var id = await harness.RunAsync("c1", On("bridge", request => request.HostConfig!.PortBindings = Ports("80/tcp", "8080")));
        var before = harness.Get(id).State.Endpoints!.Single();
        var request = new NetworkConnectRequest { Container = "c1", EndpointConfig = new EndpointSettings { GwPriority = 1 } };
        harness.Plane.Failing = failing;
        if (failing.Length > 0)
        {
            await Assert.ThrowsAsync<TareException>(() => harness.Core.Networks.ConnectAsync("n", request, CancellationToken.None));
            Assert.Equal(before, Assert.Single(harness.Get(id).State.Endpoints!));
            harness.Plane.Failing = null;
        }

        await harness.Core.Networks.ConnectAsync("n", request, CancellationToken.None);
        var after = harness.Get(id).State.Endpoints!;
        Assert.Null(after[0].Ports);
        Assert.Equal(before.Ports, after[1].Ports);
        Assert.Empty(harness.Plane.Published[after[0].Id].Ports);
        Assert.Equal(8080, Assert.Single(harness.Plane.Published[after[1].Id].Ports, port => port.HostAddress.Equals(System.Net.IPAddress.Any)).HostPort);
        await harness.Core.Networks.DisconnectAsync("n", new NetworkDisconnectRequest { Container = "c1" }, CancellationToken.None);
        Assert.Equal(before.Ports, Assert.Single(harness.Get(id).State.Endpoints!).Ports);
        Assert.NotEmpty(harness.Plane.Published[before.Id].Ports);
    }

    [Fact]
    public async Task An_engine_that_comes_back_finds_everything_as_it_was()
    {
        await using var harness = await Harness.OpenAsync();
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "n", Labels = new Dictionary<string, string> { ["a"] = "b" } }, CancellationToken.None);
        var id = await harness.RunAsync("c1", On("n", request => request.HostConfig!.PortBindings = Ports("80/tcp", "8080")));
        var before = harness.Get(id).State.Endpoints![0];
        await harness.KillEngineAsync();
        harness.Plane.EngineDies();
        await harness.ReopenAsync();
        var after = Assert.Single(harness.Get(id).State.Endpoints!);
        Assert.Equal((before.Id, before.IPv4, before.MacAddress), (after.Id, after.IPv4, after.MacAddress));
        Assert.Equal(before.Id, Assert.Single(harness.Plane.Published).Key);
        Assert.Single(harness.Plane.Named);
        Assert.Equal("b", harness.Core.Networks.Inspect("n", "").Labels!["a"]);
        // Its address is nobody else's.
        var other = await harness.RunAsync("d1", On("n"));
        Assert.NotEqual(after.IPv4, harness.Get(other).State.Endpoints![0].IPv4);
        foreach (var container in new[] { id, other }) await harness.EndAsync(container, () => harness.Containers.KillAsync(container, null, CancellationToken.None));
        Assert.True(harness.Plane.IsEmpty);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused()
    {
        await using var harness = await Harness.OpenAsync();
        await Refused("user specified IP address is supported on user defined networks only", On("bridge", request => request.NetworkingConfig = Wanting("bridge", new() { IPAMConfig = new() { IPv4Address = "172.17.0.9" } })));
        await Refused("network-scoped aliases are only supported for user-defined networks", On("bridge", request => request.NetworkingConfig = Wanting("bridge", new() { Aliases = ["a"] })));
        await Refused("invalid IPv4 address: x", On("n", request => request.NetworkingConfig = Wanting("n", new() { IPAMConfig = new() { IPv4Address = "x" } })));
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "n" }, CancellationToken.None);
        await Refused("user specified IP address is supported only when connecting to networks with user configured subnets", On("n", request => request.NetworkingConfig = Wanting("n", new() { IPAMConfig = new() { IPv4Address = "9.9.9.9" } })));
        await harness.Core.Networks.RemoveAsync("n", CancellationToken.None);
        await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = "n", IPAM = new() { Config = [new() { Subnet = "10.9.0.0/24" }] } }, CancellationToken.None);
        await Refused("no configured subnet or ip-range contain the IP address 9.9.9.9", On("n", request => request.NetworkingConfig = Wanting("n", new() { IPAMConfig = new() { IPv4Address = "9.9.9.9" } })));

        async Task Refused(string words, Action<ContainerCreateRequest> change)
        {
            var error = await Assert.ThrowsAsync<TareException>(() => harness.CreateAsync(null, change));
            Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Networks_are_pruned_where_nobody_needs_them()
    {
        await using var harness = await Harness.OpenAsync();
        foreach (var name in new[] { "used", "wanted", "unused" }) await harness.Core.Networks.CreateAsync(new NetworkCreateRequest { Name = name }, CancellationToken.None);
        await harness.RunAsync("c1", On("used"));
        await harness.CreateAsync("d1", On("wanted"));
        Assert.Equal(["unused"], (await harness.Core.Networks.PruneAsync(Filters.None, CancellationToken.None)).NetworksDeleted);
        Assert.Equal(["bridge", "host", "none", "used", "wanted"], harness.Core.Networks.List(Filters.None).Select(network => network.Name).Order(StringComparer.Ordinal));
    }

    private static Action<ContainerCreateRequest> On(string network, Action<ContainerCreateRequest>? more = null) => request =>
    {
        request.HostConfig!.NetworkMode = network;
        more?.Invoke(request);
    };

    private static NetworkingConfig Wanting(string network, EndpointSettings settings) => new() { EndpointsConfig = new Dictionary<string, EndpointSettings?> { [network] = settings } };

    private static Dictionary<string, IReadOnlyList<PortBinding>?> Ports(string port, string hostPort) => new() { [port] = [new PortBinding { HostPort = hostPort }] };
}

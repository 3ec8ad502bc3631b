namespace Tare.Api.Tests;

public sealed class NetworkRouteTests
{
    [Fact]
    public async Task Networks_are_made_connected_removed_and_pruned()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((201, "{\"Id\":\"2\",\"Warning\":\"\"}\n"), await server.SendAsync("POST", "/networks/create", """{"Name":"n","Driver":"bridge","CheckDuplicate":true,"EnableIPv4":false,"IPAM":{"Config":[{"Subnet":"10.0.0.0/24"}]}}"""));
        Assert.False(server.Engine.Networks.Created!.EnableIPv4);
        Assert.Equal("10.0.0.0/24", Assert.Single(server.Engine.Networks.Created.IPAM!.Config!).Subnet);
        Assert.Equal((200, ""), await server.SendAsync("POST", "/networks/n/connect", """{"Container":"c","EndpointConfig":{"IPAMConfig":{"IPv4Address":"10.0.0.9"},"Aliases":["a"],"GwPriority":-1,"DriverOpts":{"x":"y"}}}"""));
        var endpoint = server.Engine.Networks.Connected!.EndpointConfig!;
        Assert.Equal(("10.0.0.9", "a", -1, "y"), (endpoint.IPAMConfig!.IPv4Address, endpoint.Aliases![0], endpoint.GwPriority, endpoint.DriverOpts!["x"]));
        Assert.Equal((200, ""), await server.SendAsync("POST", "/networks/n/disconnect", """{"Container":"c","Force":true}"""));
        Assert.Equal((204, ""), await server.SendAsync("DELETE", "/networks/n"));
        Assert.Equal((200, "{\"NetworksDeleted\":[\"n\"]}\n"), await server.SendAsync("POST", "/networks/prune"));
        Assert.Equal((200, "{\"NetworksDeleted\":null}\n"), await server.SendAsync("POST", "/networks/prune?filters=" + Uri.EscapeDataString("""{"label":["l"]}""")));
        Assert.Equal(["create network n of bridge", "connect c to n", "disconnect c from n force=True", "remove network n", "prune networks ", "prune networks l"], server.Engine.Calls);
    }

    [Theory]
    [InlineData("/v1.51/networks", """{"Name":"n","Id":"1","Created":"0001-01-01T00:00:00Z","Scope":"local","Driver":"bridge","EnableIPv4":true,"EnableIPv6":false,"IPAM":{"Driver":"default","Options":null,"Config":[{"Subnet":"10.0.0.0/24","Gateway":"10.0.0.1"}]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{},"Options":{},"Labels":{}}""")]
    [InlineData("/v1.52/networks/", """{"Name":"n","Id":"1","Created":"0001-01-01T00:00:00Z","Scope":"local","Driver":"bridge","EnableIPv4":true,"EnableIPv6":false,"IPAM":{"Driver":"default","Options":null,"Config":[{"Subnet":"10.0.0.0/24","Gateway":"10.0.0.1"}]},"Internal":false,"Attachable":false,"Ingress":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Options":{},"Labels":{}}""")]
    public async Task A_list_has_no_endpoints(string target, string network)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((200, $"[{network}]\n"), await server.SendAsync("GET", target + "?filters=" + Uri.EscapeDataString("""{"driver":["x","y"]}""")));
        Assert.Equal(["list networks x,y"], server.Engine.Calls);
    }

    [Theory]
    [InlineData("/v1.27/networks", true)]
    [InlineData("/v1.28/networks", false)]
    public async Task Before_1_28_it_had(string target, bool has)
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, list) = await server.JsonAsync("GET", target);
        Assert.Equal(has ? 1 : 0, list![0]!["Containers"]!.AsObject().Count);
    }

    [Theory]
    [InlineData("/v1.51/networks/n", false)]
    [InlineData("/v1.52/networks/n", true)]
    public async Task Inspect_has_them_and_from_1_52_on_the_addresses_that_are_left(string target, bool has)
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, one) = await server.JsonAsync("GET", target + "?scope=local&verbose=1");
        Assert.Equal("10.0.0.2/24", one!["Containers"]!["c"]!["IPv4Address"]!.GetValue<string>());
        Assert.Equal(has ? "252" : null, one["Status"]?["IPAM"]!["Subnets"]!["10.0.0.0/24"]!["DynamicIPsAvailable"]!.ToJsonString());
        Assert.Equal(["network n of scope local"], server.Engine.Calls);
    }

    [Fact]
    public async Task Before_1_48_every_network_has_IPv4()
    {
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("POST", "/v1.47/networks/create", """{"Name":"n","EnableIPv4":false,"EnableIPv6":true}""");
        Assert.Equal((null, true), (server.Engine.Networks.Created!.EnableIPv4, server.Engine.Networks.Created.EnableIPv6));
    }

    [Fact]
    public async Task Wrong_requests()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((404, "network x not found"), await server.ErrorAsync("GET", "/networks/x"));
        Assert.Equal((400, "invalid value for verbose: maybe: strconv.ParseBool: parsing \"maybe\": invalid syntax"), await server.ErrorAsync("GET", "/networks/n?verbose=maybe"));
        Assert.Equal((400, "invalid name or ID supplied: \"\""), await server.ErrorAsync("POST", "/networks/n/connect"));
        Assert.Equal(400, (await server.SendAsync("POST", "/networks/n/disconnect", "{}")).Status);
        Assert.Equal((400, "{\"message\":\"invalid JSON: unexpected EOF\"}\n"), await server.SendAsync("POST", "/networks/create", "{\"Name\":"));
        Assert.Equal(["network x of scope "], server.Engine.Calls);
    }
}

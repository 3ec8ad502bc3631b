using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>network connect and disconnect, of running and stopped containers, and what inspect shows of both.</summary>
public sealed class NetworkConnectTests(EngineFixture engine) : NetworkCases(engine)
{
    [Theory, Clients]
    public async Task Inspect_shows_a_running_container_s_endpoints_and_a_stopped_one_s_wishes(string client)
    {
        string one = await Network(client, "--subnet", "10.78.1.0/24"), two = await Network(client, "--subnet", "10.78.2.0/24", "--ipv6", "--subnet", "fd00:78:2::/64");
        string name = await Up(client, "--network", one, "--network-alias", "al1", "--ip", "10.78.1.20", "--mac-address", "02:42:aa:bb:cc:dd", "--hostname", "hosty");
        await Ok(client, "network", "connect", "--ip", "10.78.2.30", "--ip6", "fd00:78:2::30", "--alias", "al2", two, name);
        JsonNode container = await InspectContainer(client, name), settings = container["NetworkSettings"]!;
        string id = ((string)container["Id"]!)[..12];
        Assert.Equal(one, (string)container["HostConfig"]!["NetworkMode"]!);
        Assert.Matches("^[0-9a-f]{64}$", (string)settings["SandboxID"]!);
        Assert.NotEqual("", (string)settings["SandboxKey"]!);
        Assert.Equal((await InspectNetwork(client, one))["Id"]!.ToString(), settings["Networks"]![one]!["NetworkID"]!.ToString());
        string endpoint = (string)settings["Networks"]![two]!["EndpointID"]!, mac = (string)settings["Networks"]![two]!["MacAddress"]!;
        Assert.Matches("^[0-9a-f]{64}$", endpoint);
        Assert.Equal(mac, await Within(client, name, "cat /sys/class/net/eth1/address"));
        Assert.Equal(
            $$$"""{"IPAMConfig":{"IPv4Address":"10.78.1.20"},"Links":null,"Aliases":["al1"],"MacAddress":"02:42:aa:bb:cc:dd","Gateway":"10.78.1.1","IPAddress":"10.78.1.20","IPPrefixLen":24,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":["{{{name}}}","al1","{{{id}}}","hosty"]}""",
            Plain(settings["Networks"]![one]!));
        Assert.Equal(
            $$$"""{"IPAMConfig":{"IPv4Address":"10.78.2.30","IPv6Address":"fd00:78:2::30"},"Links":null,"Aliases":["al2"],"MacAddress":"{{{mac}}}","Gateway":"10.78.2.1","IPAddress":"10.78.2.30","IPPrefixLen":24,"IPv6Gateway":"fd00:78:2::1","GlobalIPv6Address":"fd00:78:2::30","GlobalIPv6PrefixLen":64,"DNSNames":["{{{name}}}","al2","{{{id}}}","hosty"]}""",
            Plain(settings["Networks"]![two]!));
        Assert.Equal(
            $$$"""{"{{{container["Id"]}}}":{"Name":"{{{name}}}","EndpointID":"{{{endpoint}}}","MacAddress":"{{{mac}}}","IPv4Address":"10.78.2.30/24","IPv6Address":"fd00:78:2::30/64"}}""",
            (await InspectNetwork(client, two))["Containers"]!.ToJsonString());
        Assert.Equal("02:42:aa:bb:cc:dd", await Within(client, name, "cat /sys/class/net/eth0/address"));
        Assert.Equal(["10.78.1.20 hosty", "10.78.2.30 hosty", "fd00:78:2::30 hosty"], (await Within(client, name, "grep hosty /etc/hosts")).Split('\n').Select(line => line.Replace('\t', ' ')));

        await Ok(client, "stop", name);
        settings = (await InspectContainer(client, name))["NetworkSettings"]!;
        Assert.Equal(("", "", "{}"), ((string)settings["SandboxID"]!, (string)settings["SandboxKey"]!, settings["Ports"]!.ToJsonString()));
        Assert.Equal("", (string)settings["Networks"]![one]!["EndpointID"]!);
        Assert.Equal(
            $$$"""{"IPAMConfig":{"IPv4Address":"10.78.1.20"},"Links":null,"Aliases":["al1"],"MacAddress":"","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":["{{{name}}}","al1","{{{id}}}","hosty"]}""",
            Plain(settings["Networks"]![one]!));
        Assert.Equal("{}", (await InspectNetwork(client, two))["Containers"]!.ToJsonString());
        await Ok(client, "start", name);
        Assert.Equal("10.78.1.20 10.78.2.30", $"{await AddressOf(client, name, one)} {await AddressOf(client, name, two)}");
        Assert.Equal("02:42:aa:bb:cc:dd", (string)(await InspectContainer(client, name))["NetworkSettings"]!["Networks"]![one]!["MacAddress"]!);
    }

    [Theory, Clients]
    public async Task Connect_and_disconnect_while_it_runs(string client)
    {
        string one = await Network(client, "--subnet", "10.78.1.0/24"), two = await Network(client, "--subnet", "10.78.2.0/24");
        string moving = await Up(client, "--network", one), there = await Up(client, "--network", two);
        Assert.NotEqual(0, (await Exec(client, moving, $"ping -c 1 -w 1 {there}")).Code);
        await Ok(client, "network", "connect", two, moving);
        await Within(client, moving, $"ping -c 1 -w 5 {there}");
        await Within(client, there, $"ping -c 1 -w 5 {moving}");
        Assert.Equal("eth0 eth1 lo", await Within(client, moving, "echo $(ls /sys/class/net | grep -v -e tunl -e sit -e ip -e gre -e erspan)"));
        await Ok(client, "network", "disconnect", one, moving);
        Assert.Equal("default via 10.78.2.1 dev eth1", await Within(client, moving, "echo $(ip route | grep default)"));
        Assert.Equal([two], Keys((await InspectContainer(client, moving))["NetworkSettings"]!["Networks"]!));
        Assert.DoesNotContain("10.78.1.", await Within(client, moving, "cat /etc/hosts"), StringComparison.Ordinal);
        await Ok(client, "network", "connect", one, moving);
        Assert.Equal("eth0", await Within(client, moving, "ip -o -4 address | awk '/10.78.1/ {print $2}'"));
        await Ok(client, "network", "disconnect", "-f", one, moving);
        await Ok(client, "network", "disconnect", two, moving);
        Assert.Equal("{}", (await InspectContainer(client, moving))["NetworkSettings"]!["Networks"]!.ToJsonString());
        Assert.Equal("", await Within(client, moving, "ip -4 -o address | grep -v ' lo ' || true"));
        await Ok(client, "network", "connect", two, moving);
        await Within(client, moving, $"ping -c 1 -w 5 {there}");
    }

    [Theory, Clients]
    public async Task Connect_and_disconnect_while_it_does_not_run(string client)
    {
        string one = await Network(client, "--subnet", "10.78.1.0/24"), two = await Network(client, "--subnet", "10.78.2.0/24"), name = Name();
        await Ok(client, "create", "--name", name, "--network", one, Image, "sh", "-c", Idling);
        await Ok(client, "network", "connect", "--alias", "later", "--ip", "10.78.2.44", two, name);
        JsonNode seen = (await InspectContainer(client, name))["NetworkSettings"]!["Networks"]!;
        Assert.Equal([one, two], Keys(seen));
        Assert.Equal("""["later"]""", seen[two]!["Aliases"]!.ToJsonString());
        await Ok(client, "start", name);
        Assert.Equal("10.78.2.44", await AddressOf(client, name, two));
        string asking = await Up(client, "--network", two);
        await Within(client, asking, "ping -c 1 -w 5 later");
        await Ok(client, "stop", name);
        await Ok(client, "network", "disconnect", two, name);
        await Ok(client, "start", name);
        Assert.Equal([one], Keys((await InspectContainer(client, name))["NetworkSettings"]!["Networks"]!));
        await Ok(client, "stop", name);
        // A stopped container does not hold its network.
        await Ok(client, "network", "rm", one);
        string refused = (await Run(client, "start", name)).Expect(1).Err;
        Assert.Contains("failed to set up container networking: ", refused, StringComparison.Ordinal);
        Assert.Matches("network \\S+ not found", refused);
    }

    [Theory, Clients]
    public async Task What_cannot_be_connected(string client)
    {
        string one = await Network(client, "--subnet", "10.78.1.0/24"), name = await Up(client, "--network", one);
        string id = (string)(await InspectContainer(client, name))["Id"]!, endpoint = (string)(await InspectContainer(client, name))["NetworkSettings"]!["Networks"]![one]!["EndpointID"]!;
        Task No(string message, params string[] arguments) => Refused(client, "Error response from daemon: " + message, ["network", .. arguments]);
        await No($"endpoint with name {name} already exists in network {one}", "connect", one, name);
        await No("network nosuch not found", "connect", "nosuch", name);
        await No("No such container: nosuch", "connect", one, "nosuch");
        await No("cannot connect container to host network - container must be created in host network mode", "connect", "host", name);
        await No("container cannot be connected to multiple networks with one of the networks in private (none) mode", "connect", "none", name);
        string refused = (await Run(client, "network", "connect", "--ip", "10.79.1.1", "bridge", name)).Expect(1).Err;
        Assert.StartsWith("Error response from daemon: invalid endpoint settings:\n", refused, StringComparison.Ordinal);
        Assert.Contains("user specified IP address is supported on user defined networks only", refused, StringComparison.Ordinal);
        await No($"container {id} is not connected to network bridge", "disconnect", "bridge", name);
        await No("No such container: nosuch", "disconnect", one, "nosuch");
        await No("network nosuch not found", "disconnect", "nosuch", name);
        await No($"error while removing network: network {one} has active endpoints (name:\"{name}\" id:\"{endpoint[..12]}\")", "rm", one);
        string sharing = await Up(client, "--network", "container:" + name);
        await No("container sharing network namespace with another container or host cannot be connected to any other network", "connect", "bridge", sharing);
        string alone = await Up(client, "--network", "none"), on = await Up(client, "--network", "host");
        await No("container cannot be connected to multiple networks with one of the networks in private (none) mode", "connect", one, alone);
        await No("container sharing network namespace with another container or host cannot be connected to any other network", "connect", one, on);
    }

    [Theory, Clients]
    public async Task The_gateway_of_the_highest_priority(string client)
    {
        string one = await Network(client, "--subnet", "10.78.1.0/24"), two = await Network(client, "--subnet", "10.78.2.0/24");
        string name = await Up(client, "--network", $"name={one}", "--network", $"name={two},gw-priority=10,alias=x,ip=10.78.2.9");
        Assert.Equal("10.78.2.1", await Within(client, name, "ip route | awk '/^default/ {print $3}'"));
        Assert.Equal("10.78.2.9", await AddressOf(client, name, two));
        await Ok(client, "network", "disconnect", two, name);
        Assert.Equal("10.78.1.1", await Within(client, name, "ip route | awk '/^default/ {print $3}'"));
        await Ok(client, "network", "connect", "--gw-priority", "20", two, name);
        Assert.Equal("10.78.2.1", await Within(client, name, "ip route | awk '/^default/ {print $3}'"));
        Assert.Equal(20, (int)(await InspectContainer(client, name))["NetworkSettings"]!["Networks"]![two]!["GwPriority"]!);
    }

    [Theory, Clients]
    public async Task Ps_and_its_filter(string client)
    {
        string one = await Network(client), two = await Network(client), name = await Up(client, "--network", one);
        await Ok(client, "network", "connect", two, name);
        Assert.Equal([one, two], (await Ok(client, "ps", "--filter", "network=" + two, "--format", "{{.Networks}}")).Split(',').Order(StringComparer.Ordinal));
        Assert.Equal(name, await Ok(client, "ps", "-a", "--filter", "network=" + one, "--format", "{{.Names}}"));
        Assert.Equal("", await Ok(client, "ps", "-a", "--filter", "network=nosuch", "--format", "{{.Names}}"));
    }

    private static string[] Keys(JsonNode networks) => [.. ((JsonObject)networks).Select(network => network.Key).Order(StringComparer.Ordinal)];

    /// <summary>Without what is different each time, or differs between ways to connect.</summary>
    private static string Plain(JsonNode endpoint)
    {
        JsonObject copy = (JsonObject)endpoint.DeepClone();
        foreach (string key in new[] { "NetworkID", "EndpointID", "DriverOpts", "GwPriority" })
            Assert.True(copy.Remove(key), key);
        return copy.ToJsonString();
    }
}

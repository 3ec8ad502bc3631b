using System.Globalization;
using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>network create, inspect, ls, rm and prune, without containers.</summary>
public sealed class NetworkCreateTests(EngineFixture engine) : NetworkCases(engine)
{
    [Theory, Clients]
    public async Task A_network_is_what_its_options_say(string client)
    {
        string name = NetworkName(), bridge = "br" + Guid.NewGuid().ToString("N")[..8];
        string id = await Ok(
            client, "network", "create", "--subnet", "10.77.1.0/24", "--gateway", "10.77.1.254", "--ip-range", "10.77.1.128/25", "--aux-address", "one=10.77.1.129",
            "--aux-address", "two=10.77.1.130", "--internal", "--attachable", "--label", "a=b", "--label", "c", "-o", "com.docker.network.driver.mtu=1400",
            "-o", "com.docker.network.bridge.enable_icc=false", "-o", "com.docker.network.bridge.name=" + bridge, name);
        Assert.Matches("^[0-9a-f]{64}$", id);
        JsonNode seen = await InspectNetwork(client, name);
        Assert.True(DateTimeOffset.TryParse((string)seen["Created"]!, CultureInfo.InvariantCulture, out _));
        ((JsonObject)seen).Remove("Created");
        Assert.Equal(
            $$$"""{"Name":"{{{name}}}","Id":"{{{id}}}","Scope":"local","Driver":"bridge","EnableIPv4":true,"EnableIPv6":false,"IPAM":{"Driver":"default","Options":{},"Config":"""
            + """[{"Subnet":"10.77.1.0/24","IPRange":"10.77.1.128/25","Gateway":"10.77.1.254","AuxiliaryAddresses":{"one":"10.77.1.129","two":"10.77.1.130"}}]}"""
            + ""","Internal":true,"Attachable":true,"Ingress":false,"ConfigFrom":{"Network":""},"ConfigOnly":false,"Containers":{}"""
            + $$$""","Options":{"com.docker.network.bridge.enable_icc":"false","com.docker.network.bridge.name":"{{{bridge}}}","com.docker.network.driver.mtu":"1400"},"Labels":{"a":"b","c":""}}""",
            seen.ToJsonString());
        string link = await EngineHost.OkAsync("ip", "-o", "link", "show", bridge);
        Assert.Contains(" mtu 1400 ", link, StringComparison.Ordinal);
        // The aux addresses are nobody's.
        string container = await Up(client, "--network", name);
        Assert.Equal("10.77.1.128", await AddressOf(client, container, name));
        string next = await Up(client, "--network", name);
        Assert.Equal("10.77.1.131", await AddressOf(client, next, name));
        Assert.Equal("1400", await Within(client, container, "cat /sys/class/net/eth0/mtu"));
        await Ok(client, "rm", "-f", container, next);
        Assert.Equal(name, await Ok(client, "network", "rm", name));
        Assert.NotEqual(0, (await EngineHost.RunAsync("ip", "link", "show", bridge)).Code);
    }

    [Theory, Clients]
    public async Task Without_options_it_gets_a_subnet_of_its_own(string client)
    {
        string one = await Network(client), two = await Network(client);
        JsonNode first = await InspectNetwork(client, one), second = await InspectNetwork(client, two);
        Assert.Equal(("bridge", "{}", "{}", "{}"), ((string)first["Driver"]!, first["Options"]!.ToJsonString(), first["Labels"]!.ToJsonString(), first["Containers"]!.ToJsonString()));
        JsonNode config = Assert.Single((JsonArray)first["IPAM"]!["Config"]!)!;
        string subnet = (string)config["Subnet"]!;
        Assert.Matches(@"^(172|192\.168|10)(\.\d+)+\.0/(16|20|24)$", subnet);
        Assert.Equal(subnet[..subnet.LastIndexOf('.')] + ".1", (string)config["Gateway"]!);
        Assert.NotEqual(subnet, (string)second["IPAM"]!["Config"]![0]!["Subnet"]!);
        Assert.Contains((string)config["Gateway"]! + "/", await EngineHost.OkAsync("ip", "-o", "-4", "address", "show", "br-" + ((string)first["Id"]!)[..12]), StringComparison.Ordinal);
        Assert.Equal(
            $$"""[{"Subnet":"{{subnet}}","Gateway":"{{config["Gateway"]}}"}]""",
            (await InspectNetwork(client, one))["IPAM"]!["Config"]!.ToJsonString());
    }

    [Theory, Clients]
    public async Task IPv6_beside_IPv4_and_alone(string client)
    {
        string both = await Network(client, "--ipv6", "--subnet", "fd00:77:1::/64", "--subnet", "10.77.2.0/24");
        JsonNode seen = await InspectNetwork(client, both);
        Assert.Equal((true, true), ((bool)seen["EnableIPv4"]!, (bool)seen["EnableIPv6"]!));
        Assert.Equal(["10.77.2.0/24", "fd00:77:1::/64"], ((JsonArray)seen["IPAM"]!["Config"]!).Select(config => (string)config!["Subnet"]!).Order(StringComparer.Ordinal));
        string container = await Up(client, "--network", both);
        JsonNode endpoint = (await InspectContainer(client, container))["NetworkSettings"]!["Networks"]![both]!;
        Assert.Equal(("10.77.2.2", 24, "fd00:77:1::2", 64), ((string)endpoint["IPAddress"]!, (int)endpoint["IPPrefixLen"]!, (string)endpoint["GlobalIPv6Address"]!, (int)endpoint["GlobalIPv6PrefixLen"]!));
        Assert.Equal("fd00:77:1::1", (string)endpoint["IPv6Gateway"]!);
        Assert.Equal("fd00:77:1::1", await Within(client, container, "ip -6 route | awk '/^default/ {print $3}'"));
        await Within(client, container, "ping -6 -c 1 -w 5 fd00:77:1::1");

        string six = NetworkName();
        await Ok(client, "network", "create", "--ipv4=false", "--ipv6", "--subnet", "fd00:77:2::/64", six);
        Assert.Equal((false, true), ((bool)(await InspectNetwork(client, six))["EnableIPv4"]!, (bool)(await InspectNetwork(client, six))["EnableIPv6"]!));
        string a = await Up(client, "--network", six), b = await Up(client, "--network", six);
        Assert.Equal("", await AddressOf(client, a, six));
        await Within(client, a, $"ping -6 -c 1 -w 5 {b}");
        Assert.Equal("", await Within(client, a, "ip -4 -o address show eth0"));
    }

    [Theory, Clients]
    public async Task What_is_no_network(string client)
    {
        string name = NetworkName(), taken = await Network(client, "--subnet", "10.77.1.0/24");
        const string daemon = "Error response from daemon: ";
        Task No(string message, params string[] options) => Refused(client, message, ["network", "create", .. options]);
        await No(daemon + $"network with name {taken} already exists", taken);
        await No(daemon + "invalid name: name is empty", "");
        await No(daemon + "operation is not permitted on predefined bridge network", "bridge");
        await No(daemon + "operation is not permitted on predefined host network", "host");
        await No(daemon + "only one instance of \"host\" network is allowed", "-d", "host", name);
        await No(daemon + "only one instance of \"null\" network is allowed", "-d", "null", name);
        await No(daemon + "plugin \"nosuch\" not found", "-d", "nosuch", name);
        await No(daemon + "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.", "-d", "overlay", name);
        await No(daemon + "cannot create a swarm scoped network when swarm is not active", "--scope", "swarm", name);
        await No(daemon + "Ingress network can only be global scope network", "--ingress", name);
        await No(daemon + "plugin \"nosuch\" not found", "--ipam-driver", "nosuch", name);
        await No(daemon + "IPv4 or IPv6 must be enabled", "--ipv4=false", name);
    }

    [Theory, Clients]
    public async Task What_is_no_subnet(string client)
    {
        string name = NetworkName();
        await Network(client, "--subnet", "10.77.1.0/24");
        const string daemon = "Error response from daemon: ";
        Task No(string message, params string[] options) => Refused(client, message, ["network", "create", .. options, name]);
        await No("no matching subnet for gateway 10.77.2.1", "--subnet", "10.77.3.0/24", "--gateway", "10.77.2.1");
        await No(daemon + "invalid network config:\ninvalid subnet 10.77.3.0/33: invalid CIDR block notation", "--subnet", "10.77.3.0/33");
        await No(daemon + "invalid network config:\ninvalid subnet 10.77.3.5/24: it should be 10.77.3.0/24", "--subnet", "10.77.3.5/24");
        await No("every ip-range or gateway must have a corresponding subnet", "--gateway", "10.77.3.1");
        await No("every ip-range or gateway must have a corresponding subnet", "--subnet", "10.77.3.0/24", "--gateway", "10.77.3.1", "--gateway", "10.77.3.2");
        await No("no matching subnet for range 10.78.0.0/25", "--subnet", "10.77.3.0/24", "--ip-range", "10.78.0.0/25");
        await No("no matching subnet for aux-address 10.78.0.1", "--subnet", "10.77.3.0/24", "--aux-address", "x=10.78.0.1");
        await No("no matching subnet for aux-address ", "--subnet", "10.77.3.0/24", "--aux-address", "x");
        await No("multiple overlapping subnet configuration is not supported", "--subnet", "10.77.3.0/24", "--subnet", "10.77.3.128/25");
        await No(daemon + "bridge driver doesn't support multiple subnets", "--subnet", "10.77.3.0/24", "--subnet", "10.77.4.0/24");
        await No(daemon + "invalid pool request: Pool overlaps with other one on this address space", "--subnet", "10.77.1.128/25");
    }

    [Theory, Clients]
    public async Task What_is_no_option_of_a_bridge(string client)
    {
        string name = NetworkName();
        const string driver = "com.docker.network.driver.", bridge = "com.docker.network.bridge.", daemon = "Error response from daemon: ";
        Task No(string message, string option) => Refused(client, daemon + message, "network", "create", "-o", option, name);
        await No($"failed to parse {driver}mtu value: abc (strconv.Atoi: parsing \"abc\": invalid syntax)", driver + "mtu=abc");
        await No("invalid MTU number: -1", driver + "mtu=-1");
        await No($"failed to parse {bridge}enable_icc value: maybe (strconv.ParseBool: parsing \"maybe\": invalid syntax)", bridge + "enable_icc=maybe");
        await No($"failed to parse {bridge}gateway_mode_ipv4 value: foo (unknown gateway mode foo)", bridge + "gateway_mode_ipv4=foo");
        string own = "b" + Guid.NewGuid().ToString("N")[..8];
        string first = await Network(client, "-o", bridge + "name=" + own);
        string id = (string)(await InspectNetwork(client, first))["Id"]!;
        Assert.Matches(
            $"^Error response from daemon: cannot create network [0-9a-f]{{64}} \\({own}\\): conflicts with network {id} \\({own}\\): networks have same bridge name\n$",
            (await Run(client, "network", "create", "-o", bridge + "name=" + own, name)).Expect(1).Err);
    }

    [Theory, Clients]
    public async Task List_and_its_filters(string client)
    {
        string one = await Network(client, "--label", "a=b", "--label", "c", "--internal"), two = await Network(client);
        string id = (string)(await InspectNetwork(client, one))["Id"]!;
        string prefix = one[..^1];
        async Task<string[]> Names(params string[] filters) =>
            [.. (await Run(client, ["network", "ls", "--format", "{{.Name}}", .. filters.SelectMany(filter => new[] { "--filter", filter })])).Ok().Lines];
        Assert.Equal($"{id[..12]}|{one}|bridge|local|true|false|true|b", await Ok(client, "network", "ls", "--filter", "name=" + one, "--format", "{{.ID}}|{{.Name}}|{{.Driver}}|{{.Scope}}|{{.IPv4}}|{{.IPv6}}|{{.Internal}}|{{.Label \"a\"}}"));
        Assert.Equal([one, two], await Names("name=" + prefix, "driver=bridge"));
        Assert.Empty(await Names("name=" + prefix, "driver=host"));
        Assert.Equal([one], await Names("name=" + prefix, "label=a=b"));
        Assert.Equal([one], await Names("name=" + prefix, "label=c"));
        Assert.Equal([one], await Names("id=" + id[..20]));
        Assert.Equal([one, two], await Names("name=" + prefix, "type=custom"));
        Assert.Equal(["bridge", "host", "none"], await Names("type=builtin"));
        Assert.Equal([one, two], await Names("name=" + prefix, "dangling=true"));
        Assert.Empty(await Names("name=" + prefix, "scope=swarm"));
        Assert.Equal(id, await Ok(client, "network", "ls", "-q", "--no-trunc", "--filter", "name=" + one));
        string[] table = (await Run(client, "network", "ls", "--filter", "name=" + one)).Ok().Lines;
        Assert.Matches(@"^NETWORK ID +NAME +DRIVER +SCOPE$", table[0]);
        Assert.Matches($"^{id[..12]} +{one} +bridge +local$", table[1]);
        await Refused(client, "Error response from daemon: invalid filter 'foo'", "network", "ls", "--filter", "foo=bar");
        await Refused(client, "Error response from daemon: invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \"0\")", "network", "ls", "--filter", "dangling=maybe");
        await Refused(client, "Error response from daemon: invalid filter: 'type'='foo'", "network", "ls", "--filter", "type=foo");
    }

    [Theory, Clients]
    public async Task Inspect_and_remove(string client)
    {
        string one = await Network(client), two = await Network(client);
        string id = (string)(await InspectNetwork(client, one))["Id"]!;
        Assert.Equal(one, await Ok(client, "network", "inspect", "-f", "{{.Name}}", id[..12]));
        Result missing = (await Run(client, "network", "inspect", one, "nosuch", "-f", "{{.Name}}")).Expect(1);
        Assert.Equal((one + "\n", "Error response from daemon: network nosuch not found\n"), (missing.Out, missing.Err));
        Assert.Equal("[]\n", (await Run(client, "network", "inspect", "nosuch")).Expect(1).Out);
        await Refused(client, "Error response from daemon: network nosuch not found", "network", "rm", "nosuch");
        Assert.Equal("", await Ok(client, "network", "rm", "-f", "nosuch"));
        foreach (string name in new[] { "bridge", "host", "none" })
            await Refused(client, $"Error response from daemon: {name} is a pre-defined network and cannot be removed", "network", "rm", name);
        Result some = (await Run(client, "network", "rm", one, "nosuch", two)).Expect(1);
        Assert.Equal([one, two], some.Lines);
        await Refused(client, $"Error response from daemon: network {one} not found", "network", "rm", one);
        Assert.Equal((404, "network " + one + " not found"), await Message(HttpMethod.Get, "networks/" + one));
        Assert.Equal((403, "bridge is a pre-defined network and cannot be removed"), await Message(HttpMethod.Delete, "networks/bridge"));
    }

    [Theory, Clients]
    public async Task The_networks_that_are_always_there(string client)
    {
        JsonNode bridge = await InspectNetwork(client, "bridge"), host = await InspectNetwork(client, "host"), none = await InspectNetwork(client, "none");
        Assert.Equal("""{"com.docker.network.bridge.default_bridge":"true","com.docker.network.bridge.enable_icc":"true","com.docker.network.bridge.enable_ip_masquerade":"true","com.docker.network.bridge.host_binding_ipv4":"0.0.0.0","com.docker.network.bridge.name":"BRIDGE","com.docker.network.driver.mtu":"1500"}""",
            new JsonObject(((JsonObject)bridge["Options"]!).OrderBy(option => option.Key, StringComparer.Ordinal).Select(option => KeyValuePair.Create(option.Key, (JsonNode?)(option.Key.EndsWith(".name", StringComparison.Ordinal) ? "BRIDGE" : (string)option.Value!)))).ToJsonString());
        Assert.Equal("""{"Driver":"default","Options":null,"Config":null}""", host["IPAM"]!.ToJsonString());
        Assert.Equal(("host", "null", "local"), ((string)host["Driver"]!, (string)none["Driver"]!, (string)none["Scope"]!));
    }

    [Theory, Clients]
    public async Task Prune_takes_what_nobody_uses(string client)
    {
        string label = "case-" + Name();
        string used = await Network(client, "--label", label), free = await Network(client, "--label", label), kept = await Network(client, "--label", label, "--label", "keep");
        await Up(client, "--network", used);
        Assert.Equal("", await Ok(client, "network", "prune", "-f", "--filter", "label=nosuch-" + free));
        Assert.Equal($"Deleted Networks:\n{free}\n", await Ok(client, "network", "prune", "-f", "--filter", "label=" + label, "--filter", "label!=keep") + "\n");
        Assert.Equal([used, kept], (await Run(client, "network", "ls", "--filter", "label=" + label, "--format", "{{.Name}}")).Ok().Lines);
        Assert.Equal("", await Ok(client, "network", "prune", "-f", "--filter", "label=" + label, "--filter", "until=10m"));
        await Refused(client, "Error response from daemon: invalid filter 'foo'", "network", "prune", "-f", "--filter", "foo=bar");
        Assert.Contains(
            "WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue? [y/N]",
            (await RunWith(client, "n\n"u8.ToArray(), "network", "prune")).Out,
            StringComparison.Ordinal);
    }

    private async Task<(int Status, string Message)> Message(HttpMethod method, string path)
    {
        (int status, string body) = await Api.SendAsync(method, path);
        return (status, (string)JsonNode.Parse(body)!["message"]!);
    }
}

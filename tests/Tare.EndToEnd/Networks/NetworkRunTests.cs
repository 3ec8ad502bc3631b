using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>Options of run about networks, and the files that name hosts and servers.</summary>
public sealed class NetworkRunTests(EngineFixture engine) : NetworkCases(engine)
{
    private const string Common = "127.0.0.1 localhost|::1 localhost ip6-localhost ip6-loopback|fe00:: ip6-localnet|ff00:: ip6-mcastprefix|ff02::1 ip6-allnodes|ff02::2 ip6-allrouters|";

    [Theory, Clients]
    public async Task On_the_default_bridge(string client)
    {
        string name = await Up(client);
        JsonNode container = await InspectContainer(client, name), settings = container["NetworkSettings"]!, bridge = (await InspectNetwork(client, "bridge"))["IPAM"]!["Config"]![0]!;
        string address = (string)settings["IPAddress"]!;
        Assert.Equal("bridge", await Ok(client, "inspect", "-f", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}", name));
        JsonNode endpoint = settings["Networks"]!["bridge"]!;
        foreach (string key in new[] { "IPAddress", "IPPrefixLen", "Gateway", "EndpointID", "MacAddress", "GlobalIPv6Address" })
            Assert.Equal(endpoint[key]!.ToJsonString(), settings[key]!.ToJsonString());
        Assert.Equal((string)bridge["Gateway"]!, (string)endpoint["Gateway"]!);
        Assert.Equal("null null", $"{endpoint["Aliases"]?.ToJsonString() ?? "null"} {endpoint["DNSNames"]?.ToJsonString() ?? "null"}");
        Assert.Equal($"{Common}{address} {((string)container["Id"]!)[..12]}", Joined(await Within(client, name, "cat /etc/hosts")));
        Assert.Equal($"inet {address}/16", await Within(client, name, "ip -4 -o address show eth0 | awk '{print $3, $4}'"));
        Assert.Equal((string)bridge["Gateway"]!, await Within(client, name, "ip route | awk '/^default/ {print $3}'"));
        Assert.Equal((string)endpoint["MacAddress"]!, await Within(client, name, "cat /sys/class/net/eth0/address"));
        string other = await Up(client);
        await Within(client, other, $"ping -c 1 -w 5 {address}");
        // There are no names on it.
        Assert.NotEqual(0, (await Exec(client, other, $"ping -c 1 -w 3 {name}")).Code);
    }

    [Theory, Clients]
    public async Task Hosts(string client)
    {
        string gateway = (string)(await InspectNetwork(client, "bridge"))["IPAM"]!["Config"]![0]!["Gateway"]!;
        string added = await Ok(client, "run", "--rm", "--add-host", "a:1.2.3.4", "--add-host", "b=fd00::5", "--add-host", "gw:host-gateway", "--hostname", "hh", "--domainname", "dom.test", Image,
            "sh", "-c", "cat /etc/hosts; hostname; hostname -f; cat /proc/sys/kernel/domainname");
        Assert.Matches($@"^{Common.Replace("|", @"\|", StringComparison.Ordinal)}1\.2\.3\.4 a\|fd00::5 b\|{gateway} gw\|\d+\.\d+\.\d+\.\d+ hh\.dom\.test hh\|hh\|hh\.dom\.test\|dom\.test$", Joined(added));
        Assert.Equal(Common + "1.2.3.4 z", Joined(await Ok(client, "run", "--rm", "--network", "none", "--add-host", "z:1.2.3.4", Image, "cat", "/etc/hosts")));
        string network = await Network(client, "--subnet", "10.78.3.0/24");
        Assert.Equal(Common + "9.9.9.9 z|10.78.3.7 own", Joined(await Ok(client, "run", "--rm", "--network", network, "--ip", "10.78.3.7", "--hostname", "own", "--add-host", "z:9.9.9.9", Image, "cat", "/etc/hosts")));
        Assert.Equal("1: lo", await Ok(client, "run", "--rm", "--network", "none", Image, "sh", "-c", "ip -o -4 address | cut -d' ' -f1-2"));
    }

    [Theory, Clients]
    public async Task Resolv_conf(string client)
    {
        string network = await Network(client);
        string[] options = ["--dns", "10.0.0.53", "--dns", "fd00::53", "--dns-search", "a.test", "--dns-search", "b.test", "--dns-option", "ndots:2", "--dns-opt", "timeout:1"];
        const string shown = "sed -n '/^[^#]/p' /etc/resolv.conf";
        Assert.Equal(
            "nameserver 10.0.0.53|nameserver fd00::53|search a.test b.test|options ndots:2 timeout:1",
            Joined(await Ok(client, ["run", "--rm", .. options, Image, "sh", "-c", shown])));
        Assert.Equal(
            "nameserver 127.0.0.11|search a.test b.test|options ndots:2 timeout:1",
            Joined(await Ok(client, ["run", "--rm", "--network", network, .. options, Image, "sh", "-c", shown])));
        Assert.Contains("# ExtServers: [10.0.0.53 fd00::53]\n", await Ok(client, ["run", "--rm", "--network", network, .. options, Image, "cat", "/etc/resolv.conf"]), StringComparison.Ordinal);
        Assert.Equal("nameserver 127.0.0.11|options ndots:0", Joined(await Ok(client, "run", "--rm", "--network", network, "--dns-search", ".", Image, "sh", "-c", shown)));
    }

    [Theory, Clients]
    public async Task Fixed_addresses(string client)
    {
        string network = await Network(client, "--subnet", "10.78.3.0/24", "--ipv6", "--subnet", "fd00:78:3::/64");
        string name = await Up(client, "--network", network, "--ip", "10.78.3.50", "--ip6", "fd00:78:3::50", "--mac-address", "02:42:00:00:00:99");
        Assert.Equal("10.78.3.50/24 fd00:78:3::50/64 02:42:00:00:00:99", await Within(client, name, "echo $(ip -o address show eth0 scope global | awk '{print $4}') $(cat /sys/class/net/eth0/address)"));
        Assert.Equal("02:42:00:00:00:99", await Ok(client, "inspect", "-f", "{{.Config.MacAddress}}", name));
        await Refused125(client, "Error response from daemon: failed to set up container networking: Address already in use", "--network", network, "--ip", "10.78.3.50");
        await Refused125(client, "Error response from daemon: failed to set up container networking: Address already in use", "--network", network, "--ip", "10.78.3.1");
        await Refused125(client, $"Error response from daemon: invalid config for network {network}: invalid endpoint settings:\nno configured subnet or ip-range contain the IP address 10.79.1.1", "--network", network, "--ip", "10.79.1.1");
        string chosen = await Network(client);
        const string NoneAskedFor = "invalid endpoint settings:\nuser specified IP address is supported only when connecting to networks with user configured subnets";
        await Refused125(client, $"Error response from daemon: invalid config for network {chosen}: {NoneAskedFor}", "--network", chosen, "--ip", "10.79.1.1");
        await Refused(client, "Error response from daemon: " + NoneAskedFor, "network", "connect", "--ip", "10.79.1.1", chosen, name);
        await Refused125(client, "Error response from daemon: invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported on user defined networks only", "--ip", "172.17.0.77");
    }

    [Theory, Clients]
    public async Task What_does_not_go_together(string client)
    {
        string network = await Network(client), name = await Up(client, "--network", "none");
        const string daemon = "Error response from daemon: ";
        await Refused125(client, daemon + "failed to set up container networking: network nosuch not found", "--network", "nosuch");
        await Refused125(client, "network-scoped aliases are only supported for user-defined networks", "--network-alias", "x");
        await Refused125(client, "conflicting options: cannot attach both user-defined and non-user-defined network-modes", "--network", "none", "--network", network);
        await Refused125(client, $"network \"{network}\" is specified multiple times", "--network", network, "--network", network);
        await Refused125(client, daemon + "joining network namespace of container: No such container: nosuch", "--network", "container:nosuch");
        string with = "container:" + name;
        await Refused125(client, daemon + "conflicting options: hostname and the network mode", "--network", with, "--hostname", "a");
        await Refused125(client, daemon + "conflicting options: port publishing and the container type network mode", "--network", with, "-p", "80:80");
        await Refused125(client, daemon + "conflicting options: dns and the network mode", "--network", with, "--dns", "1.1.1.1");
        await Refused125(client, daemon + "conflicting options: custom host-to-IP mapping and the network mode", "--network", with, "--add-host", "a:1.1.1.1");
        await Refused125(client, daemon + "conflicting options: container type network can't be used with links. This would result in undefined behavior", "--network", with, "--link", "a:b");
        await Refused125(client, daemon + "conflicting options: host type networking can't be used with links. This would result in undefined behavior", "--network", "host", "--link", "a:b");
        await Refused125(client, daemon + "could not get container for nosuch: No such container: nosuch", "--link", "nosuch:al");
        await Refused125(client, "zz is not a valid mac address", "--mac-address", "zz");
        Result bad = (await Run(client, "run", "--rm", "--dns", "foo", Image)).Expect(125);
        Assert.StartsWith("invalid argument \"foo\" for \"--dns\" flag: IP address is not correctly formatted: foo\n", bad.Err, StringComparison.Ordinal);
        Assert.Equal("WARNING: Published ports are discarded when using host network mode\n", (await Run(client, "run", "--rm", "--network", "host", "-p", "80:80", Image, "true")).Ok().Err);
    }

    [Theory, Clients]
    public async Task Links_on_the_default_bridge(string client)
    {
        string database = await Up(client, "-e", "FOO=bar", "--expose", "99"), name = Name();
        JsonNode seen = await InspectContainer(client, database);
        string address = (string)seen["NetworkSettings"]!["IPAddress"]!, id = ((string)seen["Id"]!)[..12];
        string[] lines = (await Run(client, "run", "--rm", "--name", name, "--link", database + ":al", Image, "sh", "-c", "grep al /etc/hosts | grep -v localhost | grep -v '^f'; env | grep ^AL | sort; ping -c 1 -w 5 al >/dev/null && echo reached")).Ok().Lines;
        Assert.Equal(
            [
                $"{address} al {id} {database}", "AL_ENV_FOO=bar", $"AL_NAME=/{name}/al", $"AL_PORT=tcp://{address}:99", $"AL_PORT_99_TCP=tcp://{address}:99",
                $"AL_PORT_99_TCP_ADDR={address}", "AL_PORT_99_TCP_PORT=99", "AL_PORT_99_TCP_PROTO=tcp", "reached",
            ],
            lines.Select(line => line.Replace('\t', ' ')));
        string linked = await Up(client, "--link", database + ":al");
        Assert.Equal($"[/{database}:/{linked}/al]", await Ok(client, "inspect", "-f", "{{.HostConfig.Links}}", linked));
    }

    [Theory, Clients]
    public async Task Links_on_a_network(string client)
    {
        string network = await Network(client), target = await Up(client, "--network", network), other = await Up(client, "--network", network);
        string linked = await Up(client, "--network", network, "--link", target + ":al");
        Assert.Equal($"PING al ({await AddressOf(client, target, network)})", (await Within(client, linked, "ping -c 1 -w 5 al")).Split(':')[0]);
        Assert.NotEqual(0, (await Exec(client, other, "ping -c 1 -w 3 al")).Code);
        Assert.Equal("", await Within(client, linked, "env | grep ^AL || true"));
        string later = await Up(client, "--network", "none"), late = await Up(client);
        await Ok(client, "network", "connect", "--link", target + ":bee", network, late);
        await Within(client, late, "ping -c 1 -w 5 bee");
        Assert.Equal($"[\"{target}:bee\"]", (await InspectContainer(client, late))["NetworkSettings"]!["Networks"]![network]!["Links"]!.ToJsonString());
        Assert.NotNull(later);
    }

    [Theory, Clients]
    public async Task Another_container_s_network(string client)
    {
        string network = await Network(client), owner = await Web(client, [80], "--network", network, "--add-host", "z:1.2.3.4"), sharing = await Up(client, "--network", "container:" + owner);
        Assert.Equal(owner, await Within(client, sharing, "hostname"));
        Assert.Equal(owner, await Page(client, sharing, "127.0.0.1"));
        Assert.Equal(await Within(client, owner, "cat /etc/hosts /etc/resolv.conf; ls -l /proc/self/ns/net | sed s/.*-//"), await Within(client, sharing, "cat /etc/hosts /etc/resolv.conf; ls -l /proc/self/ns/net | sed s/.*-//"));
        JsonNode seen = await InspectContainer(client, sharing);
        Assert.Equal("container:" + (string)(await InspectContainer(client, owner))["Id"]!, (string)seen["HostConfig"]!["NetworkMode"]!);
        Assert.Equal(("{}", "", ""), (seen["NetworkSettings"]!["Networks"]!.ToJsonString(), (string)seen["NetworkSettings"]!["SandboxID"]!, (string)seen["NetworkSettings"]!["IPAddress"]!));
        string third = await Up(client, "--network", network);
        await Within(client, sharing, $"ping -c 1 -w 5 {third}");
        // One that goes does not take the network along.
        await Ok(client, "rm", "-f", sharing);
        Assert.Equal(owner, await Page(client, third, owner));
        string again = await Up(client, "--network", "container:" + owner);
        await Ok(client, "stop", owner);
        Assert.Contains("cannot join network namespace of a non running container: container " + owner + " is exited", (await Run(client, "restart", "-t", "0", again)).Expect(1).Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task The_host_s_network(string client)
    {
        string name = await Up(client, "--network", "host");
        string own = await EngineHost.OkAsync("sh", "-c", "readlink /proc/self/ns/net");
        Assert.Equal(own, await Within(client, name, "readlink /proc/self/ns/net"));
        JsonNode seen = (await InspectContainer(client, name))["NetworkSettings"]!;
        Assert.Equal(("", ""), ((string)seen["IPAddress"]!, (string)seen["Networks"]!["host"]!["IPAddress"]!));
        Assert.Equal("zz", await Ok(client, "run", "--rm", "--network", "host", "--hostname", "zz", Image, "hostname"));
    }

    private static string Joined(string text) => text.Replace('\t', ' ').Replace('\n', '|');

    private async Task Refused125(string client, string message, params string[] options) =>
        Assert.Equal($"{client}: {message}\n\nRun '{client} run --help' for more information\n", (await Run(client, ["run", "--rm", .. options, Image, "true"])).Expect(125).Err);
}

using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>Published ports: how they are asked for and shown, and from where they are reached.</summary>
public sealed class PublishTests(EngineFixture engine) : NameCases(engine)
{
    [Theory, Clients]
    public async Task Forms_and_what_port_ps_and_inspect_show(string client)
    {
        string name = await Up(client, "-p", "18080:80", "-p", "127.0.0.1:18081:81/udp", "-p", "18090-18092:90-92", "-p", "[::1]:18083:83");
        string[] shown = ["80/tcp -> 0.0.0.0:18080", "80/tcp -> [::]:18080", "81/udp -> 127.0.0.1:18081", "83/tcp -> [::1]:18083", "90/tcp -> 0.0.0.0:18090", "90/tcp -> [::]:18090", "91/tcp -> 0.0.0.0:18091", "91/tcp -> [::]:18091", "92/tcp -> 0.0.0.0:18092", "92/tcp -> [::]:18092"];
        Assert.Equal(shown, (await Run(client, "port", name)).Ok().Lines);
        Assert.Equal(["0.0.0.0:18080", "[::]:18080"], (await Run(client, "port", name, "80")).Ok().Lines);
        Assert.Equal("127.0.0.1:18081", await Ok(client, "port", name, "81/udp"));
        foreach (string port in new[] { "81", "99", "80/foo" })
            Assert.Equal($"Error: No public port '{port}' published for {name}\n", (await Run(client, "port", name, port)).Expect(1).Err);
        Assert.Equal("Error response from daemon: No such container: nosuch\n", (await Run(client, "port", "nosuch")).Expect(1).Err);
        string ports = await Ok(client, "ps", "--filter", "name=" + name, "--format", "{{.Ports}}");
        Assert.Contains("0.0.0.0:18080->80/tcp, [::]:18080->80/tcp", ports, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:18081->81/udp", ports, StringComparison.Ordinal);
        Assert.Contains("[::1]:18083->83/tcp", ports, StringComparison.Ordinal);
        JsonNode seen = await InspectContainer(client, name);
        Assert.Equal("""[{"HostIp":"0.0.0.0","HostPort":"18080"},{"HostIp":"::","HostPort":"18080"}]""", seen["NetworkSettings"]!["Ports"]!["80/tcp"]!.ToJsonString());
        Assert.Equal("""[{"HostIp":"","HostPort":"18080"}]""", seen["HostConfig"]!["PortBindings"]!["80/tcp"]!.ToJsonString());
        Assert.Equal("""[{"HostIp":"127.0.0.1","HostPort":"18081"}]""", seen["HostConfig"]!["PortBindings"]!["81/udp"]!.ToJsonString());
        await Ok(client, "stop", name);
        Assert.Equal("", await Ok(client, "port", name));
        Assert.Equal("", await Ok(client, "ps", "-a", "--filter", "name=" + name, "--format", "{{.Ports}}"));
        await Ok(client, "start", name);
        Assert.Equal(shown, (await Run(client, "port", name)).Ok().Lines);
    }

    [Theory, Clients]
    public async Task Random_ports(string client)
    {
        string name = await Web(client, [80, 90], "-p", "80", "-p", "127.0.0.1::90", "--expose", "95");
        int first = await PortOf(client, name, "80"), second = await PortOf(client, name, "90");
        Assert.True(first is >= 1024 and < 65536 && second is >= 1024 && first != second, $"{first} {second}");
        Assert.Equal(name, await EngineHost.PageAsync($"127.0.0.1:{first}"));
        Assert.Equal(name, await EngineHost.PageAsync($"127.0.0.1:{second}"));
        Assert.Equal("null", (await InspectContainer(client, name))["NetworkSettings"]!["Ports"]!["95/tcp"]?.ToJsonString() ?? "null");
        string all = await Web(client, [80], "-P", "--expose", "80", "--expose", "1000-1002", "--expose", "53/udp");
        string[] lines = (await Run(client, "port", all)).Ok().Lines;
        Assert.Equal(["1000/tcp", "1001/tcp", "1002/tcp", "53/udp", "80/tcp"], lines.Select(line => line.Split(' ')[0]).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(all, await EngineHost.PageAsync($"127.0.0.1:{await PortOf(client, all, "80")}"));
        string range = await Up(client, "-p", "18200-18205:80"), next = await Up(client, "-p", "18200-18205:80");
        int[] chosen = [await PortOf(client, range, "80"), await PortOf(client, next, "80")];
        Assert.True(chosen[0] != chosen[1] && chosen.All(port => port is >= 18200 and <= 18205), string.Join(' ', chosen));
    }

    [Theory, Clients]
    public async Task From_the_host_and_from_containers(string client)
    {
        string network = await Network(client, "--subnet", "10.80.1.0/24"), web = await Web(client, [80], "--network", network, "--ip", "10.80.1.80", "-p", "18080:80");
        string neighbour = await Up(client, "--network", network), stranger = await Up(client);
        string gateway = (string)(await InspectNetwork(client, "bridge"))["IPAM"]!["Config"]![0]!["Gateway"]!;
        Assert.Equal(web, await EngineHost.PageAsync("127.0.0.1:18080"));
        Assert.Equal(web, await EngineHost.PageAsync("[::1]:18080"));
        Assert.Equal(web, await EngineHost.PageAsync("10.80.1.1:18080"));
        Assert.Equal(web, await EngineHost.PageAsync("10.80.1.80"));
        Assert.Equal(web, await Page(client, stranger, gateway + ":18080"));
        Assert.Equal(web, await Page(client, stranger, "10.80.1.1:18080"));
        Assert.Equal(web, await Page(client, neighbour, "10.80.1.1:18080"));
        Assert.Equal(web, await Page(client, web, "10.80.1.1:18080"));
        // Who asks: containers of the network by their own address.
        Assert.Equal(await AddressOf(client, neighbour, network), await Page(client, neighbour, "10.80.1.80", "cgi-bin/who"));
        Assert.Equal("10.80.1.1", await EngineHost.PageAsync("127.0.0.1:18080", "cgi-bin/who"));
        await Ok(client, "stop", web);
        Assert.Null(await EngineHost.PageAsync("127.0.0.1:18080"));
        await Ok(client, "start", web);
        await Eventually.EqualAsync(web, async () => await EngineHost.PageAsync("127.0.0.1:18080"));
        await Ok(client, "rm", "-f", web);
        Assert.Null(await EngineHost.PageAsync("127.0.0.1:18080"));
    }

    [Theory, Clients]
    public async Task Only_at_the_address_that_was_said(string client)
    {
        string web = await Web(client, [80, 90], "-p", "127.0.0.1:18080:80", "-p", "[::1]:18090:90"), stranger = await Up(client);
        string gateway = (string)(await InspectNetwork(client, "bridge"))["IPAM"]!["Config"]![0]!["Gateway"]!;
        Assert.Equal(web, await EngineHost.PageAsync("127.0.0.1:18080"));
        Assert.Equal(web, await EngineHost.PageAsync("[::1]:18090"));
        Assert.Null(await EngineHost.PageAsync(gateway + ":18080"));
        Assert.Null(await EngineHost.PageAsync("[::1]:18080"));
        Assert.Null(await EngineHost.PageAsync("127.0.0.1:18090"));
        Assert.Null(await Page(client, stranger, gateway + ":18080"));
        Assert.Null(await Page(client, stranger, "127.0.0.1:18080"));
        // Another address at the same port is another port.
        string other = await Web(client, [80], "-p", gateway + ":18080:80");
        Assert.Equal(other, await EngineHost.PageAsync(gateway + ":18080"));
        Assert.Equal(web, await EngineHost.PageAsync("127.0.0.1:18080"));
    }

    [Theory, Clients]
    public async Task Datagrams(string client)
    {
        string network = await Network(client, "--subnet", "10.80.1.0/24"), tools = await ToolsAsync();
        string server = await Server(client, "99", "--network", network, "-p", "18053:53/udp"), stranger = await Asking(client);
        Assert.Equal(["0 whole 1", "A 192.0.2.99"], (await EngineHost.RunAsync(tools + "/names", "ask", "127.0.0.1", "18053", "udp", "A", "x.upstream.test")).Ok().Lines);
        Assert.Equal(["0 whole 1", "A 192.0.2.99"], (await EngineHost.RunAsync(tools + "/names", "ask", "10.80.1.1", "18053", "udp", "A", "x.upstream.test")).Ok().Lines);
        Assert.Equal(["0 whole 1", "A 192.0.2.99"], (await Exec(client, stranger, "/t/names ask 10.80.1.1 18053 udp A x.upstream.test")).Ok().Lines);
        (await EngineHost.RunAsync(tools + "/names", "ask", "127.0.0.1", "18053", "tcp", "A", "x.upstream.test")).Expect(1);
        // The next one at the port gets what is sent from a port that was in use with the one before it.
        await Ok(client, "rm", "-f", server);
        await Server(client, "98", "--network", network, "-p", "18053:53/udp");
        Assert.Equal(["0 whole 1", "A 192.0.2.98"], (await EngineHost.RunAsync(tools + "/names", "ask", "127.0.0.1", "18053", "udp", "A", "x.upstream.test")).Ok().Lines);
    }

    [Theory, Clients]
    public async Task Datagrams_by_IPv6_to_a_container_with_IPv4_alone(string client)
    {
        string network = await Network(client, "--subnet", "10.80.1.0/24", "--ipv6", "--subnet", "fd00:80:1::/64"), tools = await ToolsAsync();
        string stranger = await Asking(client, "--network", network), server = await Server(client, "99", "-p", "18053:53/udp", "-p", "[::1]:18054:53/udp");
        Assert.Equal("", await Ok(client, "inspect", "-f", "{{.NetworkSettings.GlobalIPv6Address}}", server));
        async Task Answers(string address, string port, string tag)
        {
            // The client takes an answer only from the address that it has asked.
            Assert.Equal(["0 whole 1", "A 192.0.2." + tag], (await EngineHost.RunAsync(tools + "/names", "ask", address, port, "udp", "A", "x.upstream.test")).Ok().Lines);
        }
        foreach (string address in new[] { "127.0.0.1", "10.80.1.1", "::1", "fd00:80:1::1" })
            await Answers(address, "18053", "99");
        await Answers("::1", "18054", "99");
        (await EngineHost.RunAsync(tools + "/names", "ask", "fd00:80:1::1", "18054", "udp", "A", "x.upstream.test")).Expect(1);
        Assert.Equal(["0 whole 1", "A 192.0.2.99"], (await Exec(client, stranger, "/t/names ask fd00:80:1::1 18053 udp A x.upstream.test")).Ok().Lines);
        // Who has the port next is asked, and nobody when nobody has it.
        await Ok(client, "rm", "-f", server);
        Assert.Contains("refused", (await EngineHost.RunAsync(tools + "/names", "ask", "::1", "18053", "udp", "A", "x.upstream.test")).Expect(1).Err, StringComparison.Ordinal);
        await Server(client, "98", "-p", "18053:53/udp");
        await Answers("::1", "18053", "98");
        await Answers("127.0.0.1", "18053", "98");
    }

    [Theory, Clients]
    public async Task To_IPv6_addresses(string client)
    {
        string network = await Network(client, "--subnet", "10.80.1.0/24", "--ipv6", "--subnet", "fd00:80:1::/64"), web = await Web(client, [80], "--network", network, "--ip6", "fd00:80:1::80", "-p", "18080:80");
        string neighbour = await Up(client, "--network", network);
        Assert.Equal(web, await EngineHost.PageAsync("[::1]:18080"));
        Assert.Equal(web, await EngineHost.PageAsync("[fd00:80:1::1]:18080"));
        Assert.Equal(web, await Page(client, neighbour, "[fd00:80:1::80]"));
        Assert.Equal(web, await Page(client, neighbour, "[fd00:80:1::1]:18080"));
    }

    [Theory, Clients]
    public async Task A_port_that_is_taken(string client)
    {
        string first = await Up(client, "-p", "18080:80", "-p", "127.0.0.1:18081:81/udp"), second = Name();
        Result run = (await Run(client, "run", "--name", second, "-p", "18080:80", Image, "true")).Expect(125);
        Assert.True(
            Regex.IsMatch(run.Err, $"^{client}: Error response from daemon: failed to set up container networking: driver failed programming external connectivity on endpoint {second} \\([0-9a-f]{{64}}\\): Bind for (0\\.0\\.0\\.0|::|\\[::\\]):18080 failed: port is already allocated"),
            run.ToString());
        Assert.Equal("created 128", await Ok(client, "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", second));
        // Who has it is told as well where the engine knows that.
        Assert.Matches(@"Bind for (0\.0\.0\.0|::|\[::\]):18080 failed: port is already allocated", await Ok(client, "inspect", "-f", "{{.State.Error}}", second));
        Assert.Contains("Bind for 127.0.0.1:18081 failed: port is already allocated", (await Run(client, "run", "--rm", "-p", "127.0.0.1:18081:81/udp", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        // Another protocol is another port.
        await Ok(client, "run", "--rm", "-p", "18080:80/udp", Image, "true");
        await Ok(client, "rm", "-f", first);
        await Ok(client, "start", second);
        using (Running process = EngineHost.Start("busybox", "nc", "-l", "-p", "18099"))
        {
            await Eventually.EqualAsync(true, async () => (await EngineHost.OkAsync("busybox", "netstat", "-ltn")).Contains(":18099 ", StringComparison.Ordinal));
            Assert.Matches(
                @"failed to bind host port for 0\.0\.0\.0:18099:\d+\.\d+\.\d+\.\d+:80/tcp: address already in use",
                (await Run(client, "run", "--rm", "-p", "18099:80", Image, "true")).Expect(125).Err);
        }
        Assert.Matches(
            @"failed to bind host port for 10\.99\.99\.99:18077:\d+\.\d+\.\d+\.\d+:80/tcp: cannot assign requested address",
            (await Run(client, "run", "--rm", "-p", "10.99.99.99:18077:80", Image, "true")).Expect(125).Err);
        await Eventually.EqualAsync(0, async () => (await Run(client, "run", "--rm", "-p", "18099:80", Image, "true")).Code);
    }

    [Theory, Clients]
    public async Task What_is_no_port(string client)
    {
        async Task No(string message, string port) =>
            Assert.Equal($"{client}: {message}\n\nRun '{client} run --help' for more information\n", (await Run(client, "run", "--rm", "-p", port, Image)).Expect(125).Err);
        await No("invalid ranges specified for container and host Ports: 80-82 and 18000-18001", "18000-18001:80-82");
        await No("invalid hostPort: 99999", "99999:80");
        await No("invalid IP address: 300.1.1.1", "300.1.1.1:80:80");
        await No("invalid proto: foo", "80:80/foo");
    }

    [Theory, Clients]
    public async Task Ports_follow_the_gateway_s_network(string client)
    {
        string one = await Network(client, "--subnet", "10.80.1.0/24"), two = await Network(client, "--subnet", "10.80.2.0/24");
        string web = await Web(client, [80], "--network", one, "-p", "18080:80");
        Assert.Equal(web, await EngineHost.PageAsync("127.0.0.1:18080"));
        await Ok(client, "network", "connect", two, web);
        Assert.Equal(web, await EngineHost.PageAsync("127.0.0.1:18080"));
        await Ok(client, "network", "disconnect", one, web);
        Assert.Equal("10.80.2.1", await EngineHost.PageAsync("127.0.0.1:18080", "cgi-bin/who"));
        Assert.Equal(web, await EngineHost.PageAsync("[::1]:18080"));
        Assert.Equal(["80/tcp -> 0.0.0.0:18080", "80/tcp -> [::]:18080"], (await Run(client, "port", web)).Ok().Lines);
        await Ok(client, "network", "disconnect", two, web);
        Assert.Null(await EngineHost.PageAsync("127.0.0.1:18080"));
        await Ok(client, "network", "connect", one, web);
        Assert.Equal(web, await EngineHost.PageAsync("127.0.0.1:18080"));
    }

    [Theory, Clients]
    public async Task A_network_may_say_where_ports_are_bound(string client)
    {
        string network = await Network(client, "-o", "com.docker.network.bridge.host_binding_ipv4=127.0.0.1");
        string web = await Web(client, [80], "--network", network, "-p", "18080:80");
        Assert.Equal("80/tcp -> 127.0.0.1:18080", await Ok(client, "port", web));
        Assert.Equal(web, await EngineHost.PageAsync("127.0.0.1:18080"));
        string stranger = await Up(client);
        string gateway = (string)(await InspectNetwork(client, "bridge"))["IPAM"]!["Config"]![0]!["Gateway"]!;
        Assert.Null(await Page(client, stranger, gateway + ":18080"));
        Assert.DoesNotMatch(new Regex("0\\.0\\.0\\.0"), await Ok(client, "ps", "--filter", "name=" + web, "--format", "{{.Ports}}"));
    }
}

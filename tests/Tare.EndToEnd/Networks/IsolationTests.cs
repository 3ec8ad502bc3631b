using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>Who cannot reach whom.</summary>
public sealed class IsolationTests(EngineFixture engine) : NetworkCases(engine)
{
    [Theory, Clients]
    public async Task Networks_are_apart(string client)
    {
        string one = await Network(client, "--subnet", "10.81.1.0/24"), two = await Network(client, "--subnet", "10.81.2.0/24");
        string web = await Web(client, [80], "--network", one, "--ip", "10.81.1.80"), other = await Up(client, "--network", two), standard = await Up(client);
        foreach (string stranger in new[] { other, standard })
        {
            Assert.Null(await Page(client, stranger, "10.81.1.80"));
            Assert.NotEqual(0, (await Exec(client, stranger, "ping -c 1 -w 1 10.81.1.80")).Code);
        }
        await Ok(client, "network", "connect", one, other);
        Assert.Equal(web, await Page(client, other, "10.81.1.80"));
        await Ok(client, "network", "disconnect", one, other);
        Assert.Null(await Page(client, other, "10.81.1.80"));
    }

    [Theory, Clients]
    public async Task An_internal_network_leads_nowhere(string client)
    {
        string inside = await Network(client, "--internal", "--subnet", "10.81.3.0/24"), outside = await Network(client, "--subnet", "10.81.4.0/24");
        string web = await Web(client, [80], "--network", inside, "--ip", "10.81.3.80", "-p", "18080:80"), neighbour = await Up(client, "--network", inside);
        string target = await Web(client, [80], "--network", outside, "--ip", "10.81.4.80", "-p", "18084:80"), stranger = await Up(client, "--network", outside);
        Assert.Equal(web, await Page(client, neighbour, web));
        Assert.Equal("", await Within(client, neighbour, "ip route | grep default || true"));
        await Within(client, neighbour, "ip route add default via 10.81.3.1 2>/dev/null || true");
        Assert.Null(await Page(client, neighbour, "10.81.4.80"));
        Assert.Null(await Page(client, stranger, "10.81.3.80"));
        // The host is a neighbour.
        await Within(client, neighbour, "ping -c 1 -w 5 10.81.3.1");
        Assert.Equal(web, await EngineHost.PageAsync("10.81.3.80"));
        // Ports are not published from it.
        Assert.Equal("", await Ok(client, "port", web));
        Assert.Null(await EngineHost.PageAsync("127.0.0.1:18080"));
        Assert.Equal("", await Ok(client, "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", web));
        Assert.NotNull(target);
    }

    [Theory, Clients]
    public async Task Neighbours_may_be_kept_apart(string client)
    {
        string network = await Network(client, "-o", "com.docker.network.bridge.enable_icc=false", "--subnet", "10.81.5.0/24");
        string web = await Web(client, [80], "--network", network, "-p", "18080:80"), neighbour = await Up(client, "--network", network);
        string address = await AddressOf(client, web, network);
        Assert.Null(await Page(client, neighbour, address));
        Assert.NotEqual(0, (await Exec(client, neighbour, $"ping -c 1 -w 1 {address}")).Code);
        Assert.Equal(web, await EngineHost.PageAsync("127.0.0.1:18080"));
        await Within(client, neighbour, "ping -c 1 -w 5 10.81.5.1");
    }

    [Theory, Clients]
    public async Task The_host_s_loopback_is_the_host_s(string client)
    {
        string network = await Network(client, "--subnet", "10.81.6.0/24"), name = await Up(client, "--network", network);
        using Running server = EngineHost.Start("busybox", "httpd", "-f", "-p", "127.0.0.1:18070", "-h", "/etc");
        await Eventually.EqualAsync("127.0.0.1", async () => (await EngineHost.PageAsync("127.0.0.1:18070", "hosts"))?.Split(' ', '\t')[0] ?? "");
        Assert.Null(await Page(client, name, "10.81.6.1:18070", "hosts"));
        await Within(client, name, "ip route add 127.0.0.1/32 via 10.81.6.1 2>/dev/null; true");
        Assert.Null(await Page(client, name, "127.0.0.1:18070", "hosts"));
    }

    [Theory, Clients]
    public async Task Without_privileges_addresses_and_routes_stay_as_they_are(string client)
    {
        string network = await Network(client), name = await Up(client, "--network", network);
        Assert.NotEqual(0, (await Exec(client, name, "ip link set eth0 down")).Code);
        Assert.Contains("1", await Ok(client, "run", "--rm", "--network", network, "--sysctl", "net.ipv4.ip_forward=1", Image, "cat", "/proc/sys/net/ipv4/ip_forward"), StringComparison.Ordinal);
        await Ok(client, "run", "--rm", "--network", network, "--cap-add", "NET_ADMIN", Image, "ip", "link", "set", "eth0", "down");
    }
}

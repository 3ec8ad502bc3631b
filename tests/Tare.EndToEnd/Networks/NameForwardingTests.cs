using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>What the engine does not know itself: asked of other servers, on the host and in containers, with search domains and long answers.</summary>
public sealed class NameForwardingTests(EngineFixture engine) : NameCases(engine)
{
    [Theory, Clients]
    public async Task A_server_in_a_container(string client)
    {
        string network = await Network(client, "--subnet", "10.79.3.0/24");
        string server = await Server(client, "77", "--network", network, "--ip", "10.79.3.53");
        string asking = await Asking(client, "--network", network, "--dns", "10.79.3.53");
        Assert.Equal(["0 whole 1", "A 192.0.2.77"], await Ask(client, asking, "A", "some.upstream.test"));
        Assert.Equal(["0 whole 1", "A 192.0.2.77"], await Ask(client, asking, "A", "some.upstream.test", "tcp"));
        Assert.Equal(["0 whole 1", "TXT text.upstream.test"], await Ask(client, asking, "TXT", "text.upstream.test"));
        Assert.Equal("0 whole 0", (await Ask(client, asking, "AAAA", "some.upstream.test"))[0]);
        Assert.Equal("3 whole 0", (await Ask(client, asking, "A", "no.such.name"))[0]);
        Assert.Contains("Address: 192.0.2.77", await Within(client, asking, "nslookup -type=a some.upstream.test"), StringComparison.Ordinal);
        // What containers are called is not told to others.
        await Ask(client, asking, "A", server);
        await Ask(client, asking, "AAAA", server);
        string log = await Ok(client, "logs", server);
        Assert.Contains("77 udp A some.upstream.test", log, StringComparison.Ordinal);
        Assert.DoesNotContain(server, log, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task A_long_answer_is_cut_and_comes_whole_by_tcp(string client)
    {
        string network = await Network(client, "--subnet", "10.79.3.0/24");
        string server = await Server(client, "77", "--network", network, "--ip", "10.79.3.53");
        string asking = await Asking(client, "--network", network, "--dns", "10.79.3.53");
        Assert.StartsWith("0 cut ", (await Ask(client, asking, "A", "long.upstream.test"))[0], StringComparison.Ordinal);
        string[] whole = await Ask(client, asking, "A", "long.upstream.test", "tcp");
        Assert.Equal(("0 whole 200", 201, "A 198.51.100.0", "A 198.51.100.199"), (whole[0], whole.Length, whole[1], whole[200]));
        Assert.Contains("77 tcp A long.upstream.test", await Ok(client, "logs", server), StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task A_server_that_is_silent_is_passed_over(string client)
    {
        string network = await Network(client, "--subnet", "10.79.3.0/24");
        await Server(client, "88", "--network", network, "--ip", "10.79.3.54");
        // Nobody is at the first address; a closed port is at the second.
        await Up(client, "--network", network, "--ip", "10.79.3.60");
        string asking = await Asking(client, "--network", network, "--dns", "10.79.3.60", "--dns", "10.79.3.54");
        Assert.Equal(["0 whole 1", "A 192.0.2.88"], await Ask(client, asking, "A", "some.upstream.test"));
    }

    [Theory, Clients]
    public async Task Search_domains(string client)
    {
        string network = await Network(client, "--subnet", "10.79.3.0/24");
        await Server(client, "77", "--network", network, "--ip", "10.79.3.53");
        string asking = await Asking(client, "--network", network, "--dns", "10.79.3.53", "--dns-search", "nosuch.test", "--dns-search", "upstream.test");
        Assert.StartsWith("PING bare (192.0.2.77)", (await Exec(client, asking, "ping -c 1 -w 1 bare")).Out, StringComparison.Ordinal);
        // A container's name comes before what a search would find.
        string named = await Up(client, "--network", network);
        Assert.StartsWith($"PING {named} (10.79.3.", await Within(client, asking, $"ping -c 1 -w 5 {named}"), StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task On_the_default_bridge_the_container_asks_itself(string client)
    {
        string server = await Server(client, "66");
        string address = await Ok(client, "inspect", "-f", "{{.NetworkSettings.IPAddress}}", server), asking = await Asking(client, "--dns", address);
        Assert.StartsWith("PING some.upstream.test (192.0.2.66)", (await Exec(client, asking, "ping -c 1 -w 1 some.upstream.test")).Out, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task A_server_on_the_host_is_reached_by_the_network_s_gateway(string client)
    {
        string network = await Network(client, "--subnet", "10.79.3.0/24");
        await Up(client, "--network", network);
        using Running server = await HostServer("10.79.3.1", "55");
        string asking = await Asking(client, "--network", network, "--dns", "10.79.3.1");
        Assert.Equal(["0 whole 1", "A 192.0.2.55"], await Ask(client, asking, "A", "some.upstream.test"));
        await server.SeeAsync("55 udp A some.upstream.test");
    }

    [Theory, Clients]
    public async Task A_container_s_own_loopback_is_its_own(string client)
    {
        string network = await Network(client, "--subnet", "10.79.3.0/24");
        string asking = await Asking(client, "--network", network, "--dns", "127.0.0.1");
        await Ok(client, "exec", "-d", asking, "/t/names", "serve", "127.0.0.1", "53", "44");
        await Eventually.EqualAsync("A 192.0.2.44", async () => (await Exec(client, asking, "/t/names ask 127.0.0.1 53 udp A x.upstream.test")).Lines.ElementAtOrDefault(1) ?? "");
        Assert.Equal(["0 whole 1", "A 192.0.2.44"], await Ask(client, asking, "A", "some.upstream.test"));
    }
}

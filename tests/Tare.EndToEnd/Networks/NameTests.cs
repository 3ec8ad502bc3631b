using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>Names of containers on networks of their own: who is found by which name, and by whom.</summary>
public sealed class NameTests(EngineFixture engine) : NameCases(engine)
{
    [Theory, Clients]
    public async Task By_name_alias_short_id_and_host_name_within_the_network(string client)
    {
        string network = await Network(client, "--subnet", "10.79.1.0/24"), other = await Network(client);
        string target = await Up(client, "--network", network, "--ip", "10.79.1.40", "--network-alias", "alias-one", "--network-alias", "alias-two", "--hostname", "host-of-it");
        string id = (await Ok(client, "inspect", "-f", "{{.Id}}", target))[..12];
        string asking = await Asking(client, "--network", network), stranger = await Asking(client, "--network", other);
        foreach (string name in new[] { target, "alias-one", "alias-two", id, "host-of-it", $"{target}.{network}", target.ToUpperInvariant() })
        {
            Assert.Equal(["0 whole 1", "A 10.79.1.40"], await Ask(client, asking, "A", name));
            Assert.Equal(["0 whole 1", "A 10.79.1.40"], await Ask(client, asking, "A", name, "tcp"));
        }
        Assert.Equal("0 whole 0", (await Ask(client, asking, "AAAA", target))[0]);
        Assert.NotEqual(0, (await Exec(client, stranger, $"ping -c 1 -w 3 {target}")).Code);
        // It finds itself, and what the C library makes of it is the same.
        Assert.Equal(["0 whole 1", $"A {await AddressOf(client, asking, network)}"], await Ask(client, asking, "A", asking));
        await Within(client, asking, "ping -c 1 -w 5 alias-two");
        Assert.Contains("Address: 10.79.1.40", await Within(client, asking, $"nslookup -type=a {target}"), StringComparison.Ordinal);
        await Ok(client, "rm", "-f", target);
        Assert.DoesNotContain("A 10.79.1.40", await Ask(client, asking, "A", target));
    }

    [TareTheory, Clients]
    public async Task Of_what_is_started_together_each_finds_the_others(string client)
    {
        string network = await Network(client, "--subnet", "10.79.1.0/24"), back = Name(), third = Name();
        await Ok(client, "create", "--name", back, "--network", network, "--network-alias", "backend", Image, "sleep", "1000");
        // It looks it up once, before the other has a process.
        string proxy = await Asking(client, "--network", network);
        string[] answer = await Ask(client, proxy, "A", "backend");
        Assert.Equal(["0 whole 1", "A 10.79.1.2"], answer);
        Assert.Equal(answer, await Ask(client, proxy, "A", back));
        Assert.Equal("", await Ok(client, "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", back));
        string renamed = Name();
        await Ok(client, "rename", back, renamed);
        Assert.Equal(answer, await Ask(client, proxy, "A", renamed));
        Assert.DoesNotContain("A 10.79.1.2", await Ask(client, proxy, "A", back));
        await Ok(client, "start", renamed);
        Assert.Equal("10.79.1.2", await AddressOf(client, renamed, network));
        Assert.Equal(answer, await Ask(client, proxy, "A", "backend"));
        // A live one has a name before one that is only made; who is gone is not found.
        await Ok(client, "create", "--name", third, "--network", network, "--network-alias", "backend", Image, "sleep", "1000");
        Assert.Equal(answer, await Ask(client, proxy, "A", "backend"));
        await Ok(client, "rm", "-f", renamed);
        Assert.Equal(["0 whole 1", "A 10.79.1.4"], await Ask(client, proxy, "A", "backend"));
        await Ok(client, "rm", third);
        Assert.DoesNotContain("A 10.79.1.4", await Ask(client, proxy, "A", "backend"));
    }

    [Theory, Clients]
    public async Task Backwards(string client)
    {
        string network = await Network(client, "--subnet", "10.79.1.0/24", "--ipv6", "--subnet", "fd00:79:1::/64");
        string target = await Up(client, "--network", network, "--ip", "10.79.1.40", "--ip6", "fd00:79:1::40", "--network-alias", "aaa"), asking = await Asking(client, "--network", network);
        Assert.Equal(["0 whole 1", $"PTR {target}.{network}"], await Ask(client, asking, "PTR", "40.1.79.10.in-addr.arpa"));
        Assert.Equal(["0 whole 1", $"PTR {target}.{network}"], await Ask(client, asking, "PTR", "0.4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.9.7.0.0.0.0.d.f.ip6.arpa"));
        Assert.Equal(["0 whole 1", "AAAA fd00:79:1::40"], await Ask(client, asking, "AAAA", target));
    }

    [Theory, Clients]
    public async Task A_shared_alias_goes_round(string client)
    {
        string network = await Network(client, "--subnet", "10.79.1.0/24");
        for (int number = 1; number <= 3; number++)
            await Up(client, "--network", network, "--network-alias", "pool", "--ip", $"10.79.1.10{number}");
        string asking = await Asking(client, "--network", network);
        HashSet<string> first = [];
        await Eventually.EqualAsync(3, async () =>
        {
            string[] answer = await Ask(client, asking, "A", "pool");
            Assert.Equal(["0 whole 3", "A 10.79.1.101", "A 10.79.1.102", "A 10.79.1.103"], [answer[0], .. answer[1..].Order(StringComparer.Ordinal)]);
            first.Add(answer[1]);
            return first.Count;
        });
    }

    [Theory, Clients]
    public async Task An_alias_belongs_to_its_network(string client)
    {
        string one = await Network(client, "--subnet", "10.79.1.0/24"), two = await Network(client, "--subnet", "10.79.2.0/24");
        string target = await Up(client, "--network", one, "--ip", "10.79.1.40");
        await Ok(client, "network", "connect", "--ip", "10.79.2.40", "--alias", "elsewhere", two, target);
        string first = await Asking(client, "--network", one), second = await Asking(client, "--network", two);
        Assert.DoesNotContain("A 10.79.2.40", await Ask(client, first, "A", "elsewhere"));
        Assert.Equal(["0 whole 1", "A 10.79.2.40"], await Ask(client, second, "A", "elsewhere"));
        Assert.Equal(["0 whole 1", "A 10.79.1.40"], await Ask(client, first, "A", target));
        await Ok(client, "network", "connect", two, first);
        Assert.Equal(["0 whole 1", "A 10.79.2.40"], await Ask(client, first, "A", "elsewhere"));
        await Ok(client, "network", "disconnect", two, target);
        Assert.DoesNotContain("A 10.79.2.40", await Ask(client, first, "A", "elsewhere"));
    }

    [Theory, Clients]
    public async Task A_new_name_is_found_and_the_old_one_is_not(string client)
    {
        string network = await Network(client, "--subnet", "10.79.1.0/24"), target = await Up(client, "--network", network, "--ip", "10.79.1.40"), asking = await Asking(client, "--network", network), renamed = Name();
        await Ok(client, "rename", target, renamed);
        Assert.Equal(["0 whole 1", "A 10.79.1.40"], await Ask(client, asking, "A", renamed));
        Assert.DoesNotContain("A 10.79.1.40", await Ask(client, asking, "A", target));
        // One that does not run is not found.
        await Ok(client, "stop", renamed);
        Assert.DoesNotContain("A 10.79.1.40", await Ask(client, asking, "A", renamed));
        await Ok(client, "start", renamed);
        Assert.Equal(["0 whole 1", "A 10.79.1.40"], await Ask(client, asking, "A", renamed));
    }
}

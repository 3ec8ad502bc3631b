using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>Containers that stop, start and die on their networks, and what is told of it.</summary>
public sealed class NetworkLifeTests(EngineFixture engine) : NetworkCases(engine)
{
    [Theory, Clients]
    public async Task Stopped_and_started_it_has_an_address_again(string client)
    {
        string network = await Network(client, "--subnet", "10.82.1.0/29"), name = await Up(client, "--network", network), other = await Up(client, "--network", network);
        Assert.Equal(("10.82.1.2", "10.82.1.3"), (await AddressOf(client, name, network), await AddressOf(client, other, network)));
        await Ok(client, "stop", name);
        await Ok(client, "start", name);
        await Within(client, other, $"ping -c 1 -w 5 {name}");
        Assert.StartsWith("10.82.1.", await AddressOf(client, name, network), StringComparison.Ordinal);
        // Five addresses are there; nobody is refused as long as each is given back.
        for (int round = 0; round < 8; round++)
            await Ok(client, "run", "--rm", "--network", network, Image, "true");
        string[] more = [await Up(client, "--network", network), await Up(client, "--network", network), await Up(client, "--network", network)];
        Assert.Contains($"no available IPv4 addresses on this network's address pools: {network} ({(await InspectNetwork(client, network))["Id"]})", (await Run(client, "run", "--rm", "--network", network, Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        await Ok(client, ["rm", "-f", .. more]);
        await Ok(client, "run", "--rm", "--network", network, Image, "true");
    }

    [Theory, Clients]
    public async Task Restarted_it_is_on_its_networks_and_its_ports_work(string client)
    {
        string one = await Network(client, "--subnet", "10.82.1.0/24"), two = await Network(client, "--subnet", "10.82.2.0/24");
        string web = await Web(client, [80], "--network", one, "-p", "18080:80"), other = await Up(client, "--network", two);
        await Ok(client, "network", "connect", "--ip", "10.82.2.99", two, web);
        await Ok(client, "restart", web);
        await Eventually.EqualAsync(web, async () => await EngineHost.PageAsync("127.0.0.1:18080"));
        Assert.Equal(web, await Page(client, other, web));
        Assert.Equal("10.82.2.99", await AddressOf(client, web, two));
    }

    [Theory, Clients]
    public async Task A_restart_policy_brings_the_network_back(string client)
    {
        string network = await Network(client, "--subnet", "10.82.1.0/24"), name = Name(), other = await Up(client, "--network", network);
        await Ok(client, "run", "-d", "--name", name, "--restart", "always", "--network", network, "--ip", "10.82.1.50", "-p", "18080:80", Image, "sh", "-c", "echo page >/index.html; httpd -f -p 80 -h /; exit 1");
        await Eventually.EqualAsync("page", async () => await EngineHost.PageAsync("127.0.0.1:18080"));
        for (int round = 1; round <= 3; round++)
        {
            await Exec(client, name, "killall httpd");
            int expected = round;
            await Eventually.EqualAsync(true, async () => int.Parse(await Ok(client, "inspect", "-f", "{{.RestartCount}}", name), System.Globalization.CultureInfo.InvariantCulture) >= expected);
            await Eventually.EqualAsync("page", async () => await EngineHost.PageAsync("127.0.0.1:18080"));
            Assert.Equal("page", await Page(client, other, name));
        }
        Assert.Equal("10.82.1.50", await AddressOf(client, name, network));
        await Ok(client, "rm", "-f", name);
    }

    [Theory, Clients]
    public async Task A_failed_start_leaves_no_address_taken(string client)
    {
        string network = await Network(client, "--subnet", "10.82.1.0/24"), name = Name();
        (await Run(client, "run", "--name", name, "--network", network, "--ip", "10.82.1.60", "-p", "18080:80", Image, "/nosuch")).Expect(127);
        Assert.Equal("{}", (await InspectNetwork(client, network))["Containers"]!.ToJsonString());
        string next = await Web(client, [80], "--network", network, "--ip", "10.82.1.60", "-p", "18080:80");
        Assert.Equal(next, await EngineHost.PageAsync("127.0.0.1:18080"));
    }

    [Theory, Clients]
    public async Task Events(string client)
    {
        string network = NetworkName(), since = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        string networkId = await Ok(client, "network", "create", network), name = await Up(client, "--network", network);
        string id = (string)(await InspectContainer(client, name))["Id"]!;
        await Ok(client, "network", "disconnect", network, name);
        await Ok(client, "network", "connect", network, name);
        await Ok(client, "rm", "-f", name);
        await Ok(client, "network", "rm", network);
        string until = (DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        string plain = $$"""{"name":"{{network}}","type":"bridge"}""", with = $$"""{"container":"{{id}}","name":"{{network}}","type":"bridge"}""";
        Assert.Equal(
            [$"network create {networkId} {plain}", $"network connect {networkId} {with}", $"network disconnect {networkId} {with}", $"network connect {networkId} {with}", $"network disconnect {networkId} {with}", $"network destroy {networkId} {plain}"],
            (await Run(client, "events", "--since", since, "--until", until, "--filter", "network=" + network, "--format", "{{.Type}} {{.Action}} {{.Actor.ID}} {{json .Actor.Attributes}}")).Ok().Lines);
    }

    [Fact]
    public async Task Docker_py()
    {
        string script = Path.Combine(AppContext.BaseDirectory, "clients", "docker_py_networks.py");
        Result result = await Running.RunAsync(Setup.Python, [script, Image, Name()], environment: Environment);
        Assert.True(result.Code == 0 && result.Lines.LastOrDefault() == "done", result.ToString());
    }
}

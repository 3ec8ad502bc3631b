using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>Containers with devices on one of the host's.</summary>
public sealed class MacvlanTests(EngineFixture engine) : NetworkCases(engine)
{
    [Theory, Clients]
    public async Task They_are_neighbours_on_it_and_in_other_networks_too(string client)
    {
        string parent = "up" + Guid.NewGuid().ToString("N")[..6];
        await EngineHost.OkAsync("ip", "link", "add", parent, "up", "type", "veth", "peer", "name", parent + "p");
        await EngineHost.OkAsync("ip", "link", "set", parent + "p", "up");
        try
        {
            string network = await Network(client, "-d", "macvlan", "--subnet", "10.81.1.0/24", "--ipv6", "--subnet", "fd00:81:1::/64", "-o", $"parent={parent}");
            string web = await Web(client, [80], "--network", network, "--ip", "10.81.1.40"), asking = await Up(client, "--network", network);
            Assert.Equal(web, await Page(client, asking, web));
            Assert.Equal(web, await Page(client, asking, "10.81.1.40"));
            await Within(client, asking, $"ping -6 -c 1 -w 5 {web}");
            // It is on a further network while it runs, and leaves this one.
            string other = await Network(client, "--subnet", "10.81.2.0/24");
            await Ok(client, "network", "connect", other, web);
            await Ok(client, "network", "disconnect", network, web);
            Assert.NotEqual(0, (await Exec(client, asking, "ping -c 1 -w 2 10.81.1.40")).Code);
            await Ok(client, "rm", "-f", web, asking);
            await Ok(client, "network", "rm", network);
            // The device was there before, and stays.
            await EngineHost.OkAsync("ip", "link", "show", parent);
        }
        finally
        {
            await EngineHost.OkAsync("ip", "link", "delete", parent);
        }
    }
}

using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>The daemon's options of networks, on its command line and in its file.</summary>
public sealed class NetworkOptionsTests : OwnDaemonTests
{
    [TareTheory, Clients]
    public Task The_default_bridge_is_as_the_options_say(string client) => WithDaemon(
        async own =>
        {
            Assert.Equal(
                "10.85.0.0/24 10.85.0.128/25 10.85.0.1 fd00:85::/64  fd00:85::1 ",
                await own.Ok("network", "inspect", "-f", "{{range .IPAM.Config}}{{.Subnet}} {{.IPRange}} {{.Gateway}} {{end}}", "bridge"));
            await own.Ok("run", "-d", "--name", "one", "-p", "18085:80", Image, "sh", "-c", "mkdir /www; echo one >/www/index.html; exec httpd -f -h /www -p 80");
            Assert.Equal("10.85.0.128 fd00:85::2", await own.Ok("inspect", "-f", "{{.NetworkSettings.IPAddress}} {{.NetworkSettings.GlobalIPv6Address}}", "one"));
            Assert.Equal("80/tcp -> 127.0.0.1:18085", await own.Ok("port", "one"));
            Assert.Equal("one", await EngineHost.PageAsync("127.0.0.1:18085"));
            Assert.Contains("mtu 1400 ", await own.Ok("exec", "one", "ip", "link", "show", "eth0"), StringComparison.Ordinal);
            Assert.Contains("default via 10.85.0.9 dev eth0", await own.Ok("exec", "one", "ip", "route", "show"), StringComparison.Ordinal);
            Assert.NotEqual(0, (await own.Run("run", "--rm", Image, "ping", "-c", "1", "-w", "2", "10.85.0.128")).Code);
            string resolv = await own.Ok("run", "--rm", Image, "cat", "/etc/resolv.conf");
            Assert.Contains("nameserver 192.0.2.53\nsearch a.test b.test\noptions ndots:3\n", resolv, StringComparison.Ordinal);
            Assert.Contains("nameserver 192.0.2.54\n", await own.Ok("run", "--rm", "--dns", "192.0.2.54", Image, "cat", "/etc/resolv.conf"), StringComparison.Ordinal);
            string hosts = await own.Ok("run", "--rm", "--add-host", "me:host-gateway", Image, "cat", "/etc/hosts");
            Assert.Contains("192.0.2.9\tme\nfd00::9\tme", hosts, StringComparison.Ordinal);

            // While somebody is on it, it stays as it is, and that is said.
            await own.Daemon.StopDaemonAsync();
            await own.Daemon.StartAgainAsync(["--bip", "10.86.0.1/24"]);
            Assert.Contains("updated network configuration will not take effect", own.Daemon.Log, StringComparison.Ordinal);
            Assert.Equal("one", await EngineHost.PageAsync("127.0.0.1:18085"));
            await own.Ok("rm", "-f", "one");
            await own.Daemon.StopDaemonAsync();
            await own.Daemon.StartAgainAsync();
            Assert.Contains("10.86.0.2/24", await own.Ok("run", "--rm", Image, "ip", "address", "show", "eth0"), StringComparison.Ordinal);
            own.Daemon.KillDaemon();
            await own.Daemon.StartAgainAsync([]);
            Assert.Contains("172.17.0.2/16", await own.Ok("run", "--rm", Image, "ip", "address", "show", "eth0"), StringComparison.Ordinal);
        },
        options:
        [
            "--bip", "10.85.0.1/24", "--fixed-cidr", "10.85.0.128/25", "--default-gateway", "10.85.0.9", "--ipv6", "--bip6", "fd00:85::1/64", "--mtu", "1400", "--icc=false", "--ip", "127.0.0.1",
            "--dns", "192.0.2.53", "--dns-search", "a.test", "--dns-search", "b.test", "--dns-opt", "ndots:3", "--host-gateway-ip", "192.0.2.9", "--host-gateway-ip", "fd00::9", "--userland-proxy=false",
        ],
        client: client);

    [TareTheory, Clients]
    public async Task Pools_and_options_of_all_networks_come_from_the_file(string client)
    {
        string file = Path.Combine(Path.GetTempPath(), $"daemon-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(file, """
            {
              "default-address-pools": [{"base": "10.87.0.0/22", "size": 24}],
              "default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1280", "com.docker.network.enable_ipv6": "true"}}
            }
            """);
        await WithDaemon(
            async own =>
            {
                Assert.Equal("10.87.0.0/24", await own.Ok("network", "inspect", "-f", "{{range .IPAM.Config}}{{.Subnet}}{{end}}", "bridge"));
                await own.Ok("network", "create", "one");
                Assert.Matches("^true 1280 10.87.1.0/24 fd[0-9a-f:]+/64 $", await own.Ok("network", "inspect", "-f", "{{.EnableIPv6}} {{index .Options \"com.docker.network.driver.mtu\"}} {{range .IPAM.Config}}{{.Subnet}} {{end}}", "one"));
                await own.Ok("network", "create", "-o", "com.docker.network.driver.mtu=1300", "--ipv6=false", "two");
                Assert.Equal("false 1300 10.87.2.0/24 ", await own.Ok("network", "inspect", "-f", "{{.EnableIPv6}} {{index .Options \"com.docker.network.driver.mtu\"}} {{range .IPAM.Config}}{{.Subnet}} {{end}}", "two"));
                await own.Ok("network", "create", "three");
                Assert.Contains("all predefined address pools have been fully subnetted", (await own.Run("network", "create", "four")).Expect(1).Err, StringComparison.Ordinal);
                Assert.Contains("mtu 1280 ", await own.Ok("run", "--rm", "--network", "one", Image, "ip", "link", "show", "eth0"), StringComparison.Ordinal);
            },
            options: ["--config-file", file],
            client: client);
        File.Delete(file);
    }

    [TareTheory, Clients]
    public Task Without_a_default_bridge_there_is_a_loopback_device(string client) => WithDaemon(
        async own =>
        {
            Assert.Equal("host\nnone", await own.Ok("network", "ls", "--format", "{{.Name}}"));
            Assert.Equal("lo", await own.Ok("run", "--rm", Image, "ls", "/sys/class/net"));
            Assert.Contains("unable to derive the IP value for host-gateway", (await own.Run("run", "--rm", "--add-host", "me:host-gateway", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
            await own.Ok("network", "create", "one");
            Assert.Equal("eth0\nlo", await own.Ok("run", "--rm", "--network", "one", Image, "ls", "/sys/class/net"));
            await own.Daemon.StopDaemonAsync();
            await own.Daemon.StartAgainAsync([]);
            Assert.Equal("eth0\nlo", await own.Ok("run", "--rm", Image, "ls", "/sys/class/net"));
        },
        options: ["--bridge", "none"],
        client: client);
}

using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>Networks that are made from a configuration, and what is configured of a container's device.</summary>
public sealed class NetworkConfigurationTests(EngineFixture engine) : NetworkCases(engine)
{
    private const string Sysctls = "com.docker.network.endpoint.sysctls";

    [Theory, Clients]
    public async Task A_network_is_made_from_a_configuration(string client)
    {
        // It is removed before what it is made from.
        string use = NetworkName(), other = NetworkName();
        string config = await Network(
            client, "--config-only", "--subnet", "10.77.9.0/24", "--gateway", "10.77.9.7", "--ip-range", "10.77.9.128/25", "--aux-address", "h=10.77.9.128", "-o", "com.docker.network.driver.mtu=1400", "--label", "a=b");
        JsonNode seen = await InspectNetwork(client, config);
        Assert.Equal(("null", true, "", false), ((string)seen["Driver"]!, (bool)seen["ConfigOnly"]!, (string)seen["ConfigFrom"]!["Network"]!, (bool)seen["Internal"]!));
        const string Subnet = """[{"Subnet":"10.77.9.0/24","IPRange":"10.77.9.128/25","Gateway":"10.77.9.7","AuxiliaryAddresses":{"h":"10.77.9.128"}}]""";
        Assert.Equal(Subnet, seen["IPAM"]!["Config"]!.ToJsonString());
        Assert.DoesNotContain(config, await Ok(client, "network", "prune", "-f"), StringComparison.Ordinal);

        await Ok(client, "network", "create", "--config-from", config, "--internal", use);
        seen = await InspectNetwork(client, use);
        Assert.Equal(("bridge", false, config, true), ((string)seen["Driver"]!, (bool)seen["ConfigOnly"]!, (string)seen["ConfigFrom"]!["Network"]!, (bool)seen["Internal"]!));
        Assert.Equal((Subnet, "b", "1400"), (seen["IPAM"]!["Config"]!.ToJsonString(), (string)seen["Labels"]!["a"]!, (string)seen["Options"]!["com.docker.network.driver.mtu"]!));
        string container = await Up(client, "--network", use);
        Assert.Equal("10.77.9.129", await AddressOf(client, container, use));

        Task No(string message, params string[] arguments) => Refused(client, "Error response from daemon: " + message, ["network", .. arguments]);
        await No($"error while removing network: configuration network \"{config}\" is in use", "rm", config);
        await No("invalid pool request: Pool overlaps with other one on this address space", "create", "--config-from", config, other);
        await No("user specified configurations are not supported if the network depends on a configuration network", "create", "--config-from", config, "--subnet", "10.77.8.0/24", other);
        await No("network driver options are not supported if the network depends on a configuration network", "create", "--config-from", config, "-o", "a=b", other);
        await No($"configuration network \"{use}\" does not exist", "create", "--config-from", use, other);
        await No("a configuration network cannot depend on another configuration network", "create", "--config-only", "--config-from", config, other);
        await No(
            "configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.",
            "create", "--config-only", "--internal", other);
        await No("cannot create endpoint on configuration-only network", "connect", config, container);
        Assert.Contains(
            "failed to set up container networking: cannot create endpoint on configuration-only network",
            (await Run(client, "run", "--rm", "--network", config, Image, "true")).Expect(125).Err,
            StringComparison.Ordinal);

        await Ok(client, "rm", "-f", container);
        await Ok(client, "network", "rm", use);
        Assert.Equal(config, await Ok(client, "network", "rm", config));
    }

    [Theory, Clients]
    public async Task Settings_of_a_containers_device(string client)
    {
        const string Read = "cat /proc/sys/net/ipv4/conf/eth0/log_martians /proc/sys/net/ipv4/neigh/eth0/mcast_solicit";
        Assert.Equal("1\n5", await Ok(client, "run", "--rm", "--network", With("net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.neigh.ifname.mcast_solicit=5"), Image, "sh", "-c", Read));
        foreach (string wrong in new[] { "net.ipv4.conf.eth0.log_martians=1", "kernel.shm_rmid_forced=1", "net.foo.conf.ifname.input=1" })
        {
            Assert.Contains(
                $"invalid config for network bridge: invalid endpoint settings:\nunrecognised network interface sysctl '{wrong}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'",
                (await Run(client, "run", "--rm", "--network", With(wrong), Image, "true")).Expect(125).Err,
                StringComparison.Ordinal);
        }

        Assert.Contains("/proc/sys/net/ipv4/conf/eth0/nope is not a sysctl file", (await Run(client, "run", "--rm", "--network", With("net.ipv4.conf.ifname.nope=1"), Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        Assert.Contains("failed to set up container networking: ", (await Run(client, "run", "--rm", "--network", With("net.ipv4.conf.ifname.../../../../kernel/x=1"), Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        Assert.Contains(
            $"interface specific sysctl setting \"net.ipv4.conf.eth0.log_martians\" must be supplied using driver option '{Sysctls}'",
            (await Run(client, "run", "--rm", "--sysctl", "net.ipv4.conf.eth0.log_martians=1", Image, "true")).Expect(125).Err,
            StringComparison.Ordinal);

        static string With(string sysctls) => $"name=bridge,\"driver-opt={Sysctls}={sysctls}\"";
    }

    [Theory, Clients]
    public async Task Link_local_addresses(string client)
    {
        string network = await Network(client, "--subnet", "10.77.9.0/24", "--ipv6", "--subnet", "fd00:77:9::/64");
        string name = Name();
        await Ok(client, "run", "-d", "--name", name, "--network", network, "--link-local-ip", "169.254.8.9", "--link-local-ip", "fe80::99", Image, "sh", "-c", Idling);
        string addresses = await Within(client, name, "ip -o address show eth0 | awk '{print $4}'");
        Assert.Contains("169.254.8.9/16", addresses.Split('\n'));
        Assert.Contains("fe80::99/64", addresses.Split('\n'));
        Assert.Contains(
            "invalid link local IP address: 10.1.2.3", (await Run(client, "run", "--rm", "--network", network, "--link-local-ip", "10.1.2.3", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        string late = await Up(client);
        await Ok(client, "network", "connect", "--link-local-ip", "169.254.8.10", network, late);
        Assert.Contains("169.254.8.10/16", await Within(client, late, "ip -o address show eth1"), StringComparison.Ordinal);
        await Within(client, late, "ping -c 1 -w 5 169.254.8.9");
    }
}

using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd.Networks;

/// <summary>An engine's host and one outside of it: who reaches whom, and what others' packet filters do to that.</summary>
public sealed class NetworkOutsideTests : OwnDaemonTests
{
    /// <summary>Answers each connection with the address of who asks.</summary>
    private const string Tells = "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo $REMOTE_ADDR | tr -d [] | sed s/^::ffff://\\n' >/www/cgi-bin/who; chmod +x /www/cgi-bin/who; exec httpd -f -p 80 -h /www";

    /// <summary>As ufw: what is forwarded is dropped, whatever others say.</summary>
    private const string Ufw = "add table inet theirs; add chain inet theirs forward { type filter hook forward priority 0; policy drop; }";

    [TareFact]
    public Task Published_ports_are_reached_and_others_are_not() => WithHosts(async (hosts, own) =>
    {
        await own.Ok("network", "create", "backend");
        await own.Ok("run", "-d", "--name", "web", "--network", "backend", "-p", "8080:80", "-p", "127.0.0.1:8081:80", Image, "sh", "-c", Tells);
        // From outside, at the host's address; the container sees who it is.
        await Eventually.EqualAsync(TwoHosts.Outside4, async () => (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Text);
        Assert.NotEqual(0, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8081")).Code);
        Assert.Equal(0, (await hosts.OnInsideAsync("curl", "-sS", "--max-time", "5", "http://127.0.0.1:8081/cgi-bin/who")).Code);

        // Who sends to the container's own address by way of the host, or to the loopback's: a neighbour may do both.
        string address = await own.Ok("inspect", "-f", "{{.NetworkSettings.Networks.backend.IPAddress}}", "web");
        (await hosts.OnOutsideAsync("ip", "route", "add", address, "via", TwoHosts.Inside4)).Ok();
        Assert.NotEqual(0, (await FetchAsync(hosts, $"{address}:80")).Code);
        (await hosts.OnOutsideAsync("ip", "address", "del", "127.0.0.1/8", "dev", "lo")).Ok();
        (await hosts.OnOutsideAsync("sh", "-c", $"echo 1 >/proc/sys/net/ipv4/conf/uplink/route_localnet; ip route del table local 127.0.0.0/8 2>/dev/null; ip route add 127.0.0.1 via {TwoHosts.Inside4} dev uplink src {TwoHosts.Outside4}")).Ok();
        Assert.NotEqual(0, (await FetchAsync(hosts, "127.0.0.1:8081")).Code);
        await own.Ok("rm", "-f", "web");
        Assert.NotEqual(0, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Code);
    });

    [TareFact]
    public Task Ports_go_with_the_way_out() => WithHosts(async (hosts, own) =>
    {
        await own.Ok("network", "create", "backend");
        await own.Ok("network", "create", "wanted");
        await own.Ok("run", "-d", "--name", "web", "--network", "backend", "-p", "8080:80", Image, "sh", "-c", Tells);
        await Eventually.EqualAsync(TwoHosts.Outside4, async () => (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Text);
        string ports = await own.Ok("port", "web");
        foreach (string[] change in new[] { ["connect", "--gw-priority", "9", "wanted", "web"], new[] { "disconnect", "wanted", "web" } })
        {
            await own.Ok(["network", .. change]);
            Assert.Equal(ports, await own.Ok("port", "web"));
            Assert.Equal(TwoHosts.Outside4, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Ok().Text);
            (await hosts.OnInsideAsync("curl", "-sS", "--max-time", "5", "http://127.0.0.1:8080/cgi-bin/who")).Ok();
            (await hosts.OnInsideAsync("curl", "-sS", "--max-time", "5", "http://[::1]:8080/cgi-bin/who")).Ok();
        }
    });

    [TareFact]
    public Task Containers_reach_the_outside_by_the_hosts_address() => WithHosts(async (hosts, own) =>
    {
        await own.Ok("network", "create", "--ipv6", "--subnet", "fd5a::/64", "backend");
        await own.Ok("network", "create", "--internal", "closed");
        using Running server = await ServerOutsideAsync(hosts, own);
        Assert.Equal(TwoHosts.Inside4, (await own.Tare("run", "--rm", "--network", "backend", Image, "wget", "-qO-", $"http://{TwoHosts.Outside4}/cgi-bin/who")).Ok().Text);
        Assert.Equal(TwoHosts.Inside6, (await own.Tare("run", "--rm", "--network", "backend", Image, "wget", "-qO-", $"http://[{TwoHosts.Outside6}]/cgi-bin/who")).Ok().Text);
        Assert.Equal(TwoHosts.Inside4, (await own.Tare("run", "--rm", Image, "wget", "-qO-", $"http://{TwoHosts.Outside4}/cgi-bin/who")).Ok().Text);
        Assert.NotEqual(0, (await own.Tare("run", "--rm", "--network", "closed", Image, "timeout", "2", "wget", "-qO-", $"http://{TwoHosts.Outside4}/cgi-bin/who")).Code);
    });

    [TareFact]
    public Task Ports_of_ipv6_networks_are_reached_by_ipv6() => WithHosts(async (hosts, own) =>
    {
        await own.Ok("network", "create", "--ipv6", "--subnet", "fd5a::/64", "backend");
        await own.Ok("run", "-d", "--name", "web", "--network", "backend", "-p", "[::]:8080:80", Image, "sh", "-c", Tells.Replace("-p 80", "-p [::]:80", StringComparison.Ordinal));
        await Eventually.EqualAsync(TwoHosts.Outside6, async () => (await FetchAsync(hosts, $"[{TwoHosts.Inside6}]:8080")).Text);
        Assert.NotEqual(0, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Code);
        string address = await own.Ok("inspect", "-f", "{{.NetworkSettings.Networks.backend.GlobalIPv6Address}}", "web");
        (await hosts.OnOutsideAsync("ip", "-6", "route", "add", address, "via", TwoHosts.Inside6)).Ok();
        Assert.NotEqual(0, (await FetchAsync(hosts, $"[{address}]:80")).Code);
    });

    [TareFact]
    public Task Another_filter_that_drops_is_told_of() => WithHosts(async (hosts, own) =>
    {
        (await hosts.OnInsideAsync("nft", Ufw)).Ok();
        Assert.DoesNotContain("theirs", await WarningsAsync(own), StringComparison.Ordinal);
        await own.Ok("network", "create", "backend");
        const string Sentence = "the chain forward of the table inet theirs, which is not this engine's, has the policy drop";
        Assert.Contains(Sentence, own.Daemon.Log, StringComparison.Ordinal);
        Assert.Contains("WARNING: " + Sentence, await WarningsAsync(own), StringComparison.Ordinal);
        await own.Ok("network", "create", "other");
        Assert.Single(own.Daemon.Log.Split('\n'), line => line.Contains(Sentence, StringComparison.Ordinal));
        await ServeAsync(own);
        Assert.NotEqual(0, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Code);
        Assert.Equal("", await RulesAsync(hosts));
        (await hosts.OnInsideAsync("nft", "delete table inet theirs")).Ok();
        Assert.DoesNotContain("theirs", await WarningsAsync(own), StringComparison.Ordinal);
        Assert.Equal(TwoHosts.Outside4, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Ok().Text);
    });

    [TareFact]
    public Task Another_filter_that_drops_is_opened_where_that_is_allowed() => WithHosts(
        async (hosts, own) =>
        {
            (await hosts.OnInsideAsync("nft", Ufw)).Ok();
            await own.Ok("network", "create", "backend");
            await ServeAsync(own);
            Assert.Equal(TwoHosts.Outside4, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Ok().Text);
            Assert.DoesNotContain("theirs", await WarningsAsync(own), StringComparison.Ordinal);
            Assert.Equal(2, (await RulesAsync(hosts)).Split('\n').Length);

            // It is loaded anew, as `ufw reload` does.
            (await hosts.OnInsideAsync("nft", "flush chain inet theirs forward")).Ok();
            await Eventually.EqualAsync(TwoHosts.Outside4, async () => (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Text);

            // The daemon is told otherwise.
            await own.Daemon.StopDaemonAsync();
            Assert.NotEqual("", await RulesAsync(hosts));
            await own.Daemon.StartAgainAsync([]);
            Assert.Equal("", await RulesAsync(hosts));
            await own.Daemon.StopDaemonAsync();
            await own.Daemon.StartAgainAsync(["--open-other-firewalls"]);
            Assert.Equal(TwoHosts.Outside4, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Ok().Text);

            // The last network goes, and the rules with it.
            await own.Ok("rm", "-f", "web");
            await Eventually.EqualAsync(0, async () => (await own.Tare("network", "rm", "backend")).Code);
            Assert.Equal("", await RulesAsync(hosts));
        },
        "--open-other-firewalls");

    [TareFact]
    public Task The_administrator_empties_the_packet_filter() => WithHosts(async (hosts, own) =>
    {
        await own.Ok("network", "create", "backend");
        await ServeAsync(own);
        for (int round = 0; round < 3; round++)
        {
            (await hosts.OnInsideAsync("nft", "flush ruleset")).Ok();
            await Eventually.EqualAsync(TwoHosts.Outside4, async () => (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Text);
        }

        // Also without a daemon, and the next one has it all.
        own.Daemon.KillDaemon();
        (await hosts.OnInsideAsync("nft", "flush ruleset")).Ok();
        Assert.Equal(TwoHosts.Outside4, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Ok().Text);
        await own.Daemon.StartAgainAsync();
        Assert.Equal(TwoHosts.Outside4, (await FetchAsync(hosts, $"{TwoHosts.Inside4}:8080")).Ok().Text);
        using Running server = await ServerOutsideAsync(hosts, own);
        Assert.Equal(TwoHosts.Inside4, (await own.Tare("run", "--rm", "--network", "backend", Image, "wget", "-qO-", $"http://{TwoHosts.Outside4}/cgi-bin/who")).Ok().Text);
    });

    private static async Task WithHosts(Func<TwoHosts, Own, Task> work, params string[] options)
    {
        using TwoHosts hosts = await TwoHosts.StartAsync();
        await WithDaemon(own => work(hosts, own), options: options, within: hosts.Inside);
    }

    private static Task<Result> FetchAsync(TwoHosts hosts, string place) => hosts.OnOutsideAsync("curl", "-sS", "--connect-timeout", "1", "--max-time", "5", $"http://{place}/cgi-bin/who");

    private static async Task ServeAsync(Own own)
    {
        await own.Ok("run", "-d", "--name", "web", "--network", "backend", "-p", "8080:80", Image, "sh", "-c", Tells);
        await Eventually.EqualAsync(0, async () => (await own.Tare("exec", "web", "wget", "-qO-", "http://127.0.0.1/cgi-bin/who")).Code);
    }

    /// <summary>The same server on the host outside.</summary>
    private static async Task<Running> ServerOutsideAsync(TwoHosts hosts, Own own)
    {
        string folder = Path.Combine(own.Daemon.Folder, "www");
        Directory.CreateDirectory(Path.Combine(folder, "cgi-bin"));
        string script = Path.Combine(folder, "cgi-bin", "who");
        await File.WriteAllTextAsync(script, "#!/bin/sh\necho; echo $REMOTE_ADDR | tr -d [] | sed s/^::ffff://\n");
        File.SetUnixFileMode(script, (UnixFileMode)493);
        Running server = hosts.StartOutside("busybox", "httpd", "-f", "-p", "[::]:80", "-h", folder);
        await Eventually.EqualAsync(0, async () => (await hosts.OnOutsideAsync("curl", "-sS", "http://127.0.0.1/cgi-bin/who")).Code);
        return server;
    }

    private static async Task<string> WarningsAsync(Own own) => (string?)(await own.Api.GetAsync("info"))["Warnings"]?.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) ?? "";

    /// <summary>The engine's rules in the other's chain.</summary>
    private static async Task<string> RulesAsync(TwoHosts hosts) =>
        string.Join('\n', (await hosts.OnInsideAsync("nft", "list", "table", "inet", "theirs")).Ok().Lines.Where(line => line.Contains("comment \"tare", StringComparison.Ordinal)));
}

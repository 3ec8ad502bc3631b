using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Networks;

namespace Tare.EndToEnd.Networks;

/// <summary>Networks, ports and names while the daemon is stopped, killed and started again.</summary>
public sealed class NetworkDaemonTests : OwnDaemonTests
{
    private const string Serving = "trap 'exit 0' TERM; mkdir /www; hostname >/www/index.html; httpd -h /www -p 80; while :; do sleep 1000 & wait $!; done";

    [TareFact]
    public Task Everything_works_on_after_a_restart_of_the_daemon() => WithDaemon(async own =>
    {
        await Scene(own);
        for (int round = 0; round < 3; round++)
        {
            if (round == 1)
                own.Daemon.KillDaemon();
            else
                await own.Daemon.StopDaemonAsync();
            // Without a daemon: what is there works.
            Assert.Equal("web", await EngineHost.PageAsync("127.0.0.1:18080"));
            await own.Daemon.StartAgainAsync();
            Assert.Equal("web", await EngineHost.PageAsync("127.0.0.1:18080"));
            Assert.Equal("web", await EngineHost.PageAsync("[::1]:18080"));
            Assert.Equal("web", await own.Ok("exec", "other", "timeout", "5", "wget", "-q", "-O", "-", "http://web/"));
            Assert.Equal("80/tcp -> 0.0.0.0:18080\n80/tcp -> [::]:18080", await own.Ok("port", "web"));
            Assert.Equal("10.84.1.20", await own.Ok("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "web"));
            string name = "new" + round.ToString(CultureInfo.InvariantCulture);
            await own.Ok("run", "-d", "--name", name, "--network", "one", "-p", "80", Image, "sh", "-c", Serving);
            await own.Ok("exec", "other", "ping", "-c", "1", "-w", "5", name);
            Assert.Contains("port is already allocated", (await own.Tare("run", "--rm", "-p", "18080:80", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
            Assert.Contains("Address already in use", (await own.Tare("run", "--rm", "--network", "one", "--ip", "10.84.1.20", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
        }

        await own.Ok("network", "disconnect", "one", "web");
        Assert.Null(await EngineHost.PageAsync("127.0.0.1:18080"));
        await own.Ok("network", "connect", "one", "web");
        Assert.Equal("web", await EngineHost.PageAsync("127.0.0.1:18080"));
        await own.Ok("rm", "-f", "web");
        Assert.Null(await EngineHost.PageAsync("127.0.0.1:18080"));
    });

    [TareFact]
    public Task A_network_whose_parent_is_gone_is_no_reason_to_go_without_the_others() => WithDaemon(async own =>
    {
        await Scene(own);
        await EngineHost.OkAsync("ip", "link", "add", "uplink0", "up", "type", "veth", "peer", "name", "uplink1");
        try
        {
            await own.Ok("network", "create", "-d", "macvlan", "-o", "parent=uplink0", "--subnet", "10.84.30.0/24", "lan");
            await own.Daemon.StopDaemonAsync();
            await EngineHost.OkAsync("ip", "link", "delete", "uplink0");
            await own.Daemon.StartAgainAsync();
            Assert.Contains("network lan is not there until a container needs it: ", own.Daemon.Log, StringComparison.Ordinal);
            Assert.Equal("web", await EngineHost.PageAsync("127.0.0.1:18080"));
            await own.Ok("run", "-d", "--name", "more", "--network", "one", Image, "sleep", "1000");
            await own.Ok("exec", "other", "ping", "-c", "1", "-w", "5", "more");
            Assert.Contains("uplink0", (await own.Tare("run", "--rm", "--network", "lan", Image, "true")).Expect(125).Err, StringComparison.Ordinal);
            // It comes back, and so does the network.
            await EngineHost.OkAsync("ip", "link", "add", "uplink0", "up", "type", "veth", "peer", "name", "uplink1");
            Assert.Contains("10.84.30.2/24", await own.Ok("run", "--rm", "--network", "lan", Image, "ip", "address", "show", "eth0"), StringComparison.Ordinal);
            await own.Ok("network", "rm", "lan");
        }
        finally
        {
            await EngineHost.RunAsync("ip", "link", "delete", "uplink0");
        }
    });

    [TareFact]
    public Task A_connection_that_is_open_goes_on() => WithDaemon(async own =>
    {
        await own.Ok("network", "create", "one");
        await own.Ok("run", "-d", "--name", "echo", "--network", "one", "-p", "18090:90", Image, "nc", "-ll", "-p", "90", "-e", "cat");
        using TcpClient connection = new();
        await Eventually.EqualAsync(true, async () =>
        {
            try
            {
                if (!connection.Connected)
                    await connection.ConnectAsync(IPAddress.Loopback, 18090);
                return true;
            }
            catch (SocketException)
            {
                return false; // The container does not listen yet.
            }
        });
        NetworkStream stream = connection.GetStream();
        await Echo(stream, "before");
        own.Daemon.KillDaemon();
        await Echo(stream, "while there is none");
        await own.Daemon.StartAgainAsync();
        await Echo(stream, "after");
    });

    [TareFact]
    public Task A_question_that_is_asked_while_there_is_no_daemon_is_answered_by_the_next() => WithDaemon(async own =>
    {
        string tools = Path.Combine(own.Daemon.Folder, "tools");
        Directory.CreateDirectory(tools);
        await NamesProgram.AddAsync(tools);
        await own.Ok("network", "create", "--subnet", "10.84.1.0/24", "one");
        await own.Ok("run", "-d", "--name", "target", "--network", "one", "--ip", "10.84.1.20", Image, "sh", "-c", Serving);
        await own.Ok("run", "-d", "--name", "asking", "--network", "one", "-v", tools + ":/t:ro", Image, "sh", "-c",
            "while [ ! -e /go ]; do sleep 0.1; done; for how in udp tcp; do /t/names ask 127.0.0.11 53 $how A target; done; exit 7");
        string pid = await own.Ok("inspect", "-f", "{{.State.Pid}}", "asking");
        own.Daemon.KillDaemon();
        await File.WriteAllTextAsync($"/proc/{pid}/root/go", "");
        // The question is on its way when the program waits in its read.
        await Eventually.TrueAsync(
            () => Processes.All().Any(process => process.Arguments is ["/t/names", "ask", ..] && process.State == 'S'),
            () => "nobody asks");
        await own.Daemon.StartAgainAsync();
        Assert.Equal("7", await own.Ok("wait", "asking"));
        await Eventually.EqualAsync("0 whole 1|A 10.84.1.20|0 whole 1|A 10.84.1.20", async () => (await own.Ok("logs", "asking")).Replace('\n', '|'));
    });

    [TareFact]
    public Task Datagrams_go_on_to_containers_when_the_daemon_comes_back() => WithDaemon(async own =>
    {
        string tools = Path.Combine(own.Daemon.Folder, "tools");
        Directory.CreateDirectory(tools);
        await NamesProgram.AddAsync(tools);
        await own.Ok("run", "-d", "--name", "server", "-p", "18053:53/udp", "-v", tools + ":/t:ro", Image, "/t/names", "serve", "0.0.0.0", "53", "99");
        await Eventually.EqualAsync("serving", async () => await own.Ok("logs", "server"));
        await AnswersAsync("127.0.0.1", "::1");
        own.Daemon.KillDaemon();
        // The packet filter needs no daemon; what it cannot translate waits in the socket that the keeper has, and is answered late.
        await AnswersAsync("127.0.0.1");
        using Running late = EngineHost.Start(tools + "/names", "ask", "::1", "18053", "udp", "A", "late.upstream.test");
        await Eventually.TrueAsync(
            () => Processes.All().Any(process => process.Arguments is [_, "ask", "::1", ..] && process.State == 'S'),
            () => "nobody asks");
        await own.Daemon.StartAgainAsync();
        await late.SeeAsync("A 192.0.2.99");
        await AnswersAsync("127.0.0.1", "::1");

        async Task AnswersAsync(params string[] addresses)
        {
            foreach (string address in addresses)
                Assert.Equal(["0 whole 1", "A 192.0.2.99"], (await EngineHost.RunAsync(tools + "/names", "ask", address, "18053", "udp", "A", "x.upstream.test")).Ok().Lines);
        }
    });

    [TareFact]
    public Task What_ends_while_there_is_no_daemon_is_taken_off_by_the_next() => WithDaemon(async own =>
    {
        await Scene(own);
        int pid = int.Parse(await own.Ok("inspect", "-f", "{{.State.Pid}}", "web"), CultureInfo.InvariantCulture);
        own.Daemon.KillDaemon();
        Processes.Signal(pid, Processes.SIGKILL);
        await own.Daemon.StartAgainAsync();
        await Eventually.EqualAsync("exited", async () => await own.Api.StatusAsync("web"));
        Assert.Null(await EngineHost.PageAsync("127.0.0.1:18080"));
        await own.Ok("run", "-d", "--name", "next", "--network", "one", "--ip", "10.84.1.20", "-p", "18080:80", "--hostname", "next", Image, "sh", "-c", Serving);
        await Eventually.EqualAsync("next", async () => await EngineHost.PageAsync("127.0.0.1:18080"));
    });

    [TareFact]
    public Task A_container_with_a_policy_comes_back_on_its_networks() => WithDaemon(async own =>
    {
        await own.Ok("network", "create", "--subnet", "10.84.1.0/24", "one");
        await own.Ok("run", "-d", "--name", "web", "--hostname", "web", "--restart", "always", "--network", "one", "--ip", "10.84.1.20", "-p", "18080:80", Image, "sh", "-c", Serving.Replace("mkdir", "mkdir -p", StringComparison.Ordinal));
        await Eventually.EqualAsync("web", async () => await EngineHost.PageAsync("127.0.0.1:18080"));
        for (int round = 0; round < 2; round++)
        {
            int pid = int.Parse(await own.Ok("inspect", "-f", "{{.State.Pid}}", "web"), CultureInfo.InvariantCulture);
            own.Daemon.KillDaemon();
            Processes.Signal(pid, Processes.SIGKILL);
            await own.Daemon.StartAgainAsync();
            await Eventually.EqualAsync("web", async () => await EngineHost.PageAsync("127.0.0.1:18080"));
            Assert.Equal("10.84.1.20", await own.Ok("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "web"));
        }
    });

    [TareFact]
    public Task Networks_are_made_and_removed_while_the_daemon_is_killed() => WithDaemon(async own =>
    {
        Random random = new(11);
        for (int round = 0; round < 6; round++)
        {
            using CancellationTokenSource enough = new();
            Task[] workers = [.. Enumerable.Range(0, 2).Select(worker => WorkAsync(own, $"r{round}w{worker}", enough.Token))];
            await Task.Delay(random.Next(50, 600));
            own.Daemon.KillDaemon();
            await enough.CancelAsync();
            await Task.WhenAll(workers);
            await own.Daemon.StartAgainAsync();
            // Whatever had been made by then works or is gone; all of it can be removed.
            await own.RemoveAllAsync();
            Assert.Equal("bridge\nhost\nnone", await own.Ok("network", "ls", "--format", "{{.Name}}"));
            await own.Ok("run", "--rm", "-p", "18080:80", Image, "true");
        }
    });

    private static async Task WorkAsync(Own own, string name, CancellationToken enough)
    {
        for (int i = 0; !enough.IsCancellationRequested; i++)
        {
            string network = $"{name}n{i}";
            await own.Tare("network", "create", network);
            await own.Tare("run", "-d", "--name", network + "c", "--network", network, "-p", "80", Image, "sleep", "1000");
            await own.Tare("network", "connect", "bridge", network + "c");
            if (i % 2 == 0)
                await own.Tare("rm", "-f", network + "c");
            await own.Tare("network", "rm", network);
        }
    }

    private static async Task Scene(Own own)
    {
        await own.Ok("network", "create", "--subnet", "10.84.1.0/24", "one");
        await own.Ok("run", "-d", "--name", "web", "--hostname", "web", "--network", "one", "--ip", "10.84.1.20", "-p", "18080:80", Image, "sh", "-c", Serving);
        await own.Ok("run", "-d", "--name", "other", "--network", "one", Image, "sh", "-c", Serving);
        await Eventually.EqualAsync("web", async () => await EngineHost.PageAsync("127.0.0.1:18080"));
    }

    private static async Task Echo(NetworkStream stream, string text)
    {
        byte[] sent = Encoding.UTF8.GetBytes(text + "\n"), received = new byte[sent.Length];
        await stream.WriteAsync(sent);
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
        await stream.ReadExactlyAsync(received, limit.Token);
        Assert.Equal(sent, received);
    }
}

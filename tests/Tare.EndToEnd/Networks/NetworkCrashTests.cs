using System.Diagnostics;
using System.Globalization;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd.Networks;

/// <summary>
/// Daemon and keeper are killed while networks and what is on them come and go: whatever the moment, the next daemon finds everything that it
/// does not know of and removes it, and those who run keep their addresses, ports and names.
/// </summary>
public sealed class NetworkCrashTests : OwnDaemonTests
{
    private const int Rounds = 8;
    private const int Kills = 6;

    /// <summary>A web server that shows the container's name, and ends when it is told to.</summary>
    private const string Serve = "mkdir /www; hostname >/www/index.html; httpd -p 80 -h /www; trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done";

    [TareFact]
    public Task Whatever_the_moment_nothing_is_left_that_nobody_claims() => WithScene(async (scene, own) =>
    {
        Random random = new(11);
        int done = 0;
        for (int round = 0; round < Rounds; round++)
        {
            using CancellationTokenSource enough = new();
            Task<int>[] workers = [.. Enumerable.Range(0, 4).Select(worker => WorkAsync(own, $"r{round}w{worker}", 20000 + worker, enough.Token))];
            // Not to await anything: this chooses the moment.
            await Task.Delay(random.Next(200, 3000));
            own.Daemon.KillDaemon();
            await enough.CancelAsync();
            done += (await Task.WhenAll(workers)).Sum();
            await own.Daemon.StartAgainAsync();
            await scene.IsRightAsync();
        }

        Note.Write($"networks: the daemon was killed {Rounds} times within {done} commands, and nothing was left behind");
    });

    [TareFact]
    public Task Each_step_of_each_command_may_be_the_last() => WithScene(async (scene, own) =>
    {
        await own.Ok("network", "create", "other");
        string[] run = ["run", "-d", "--name", "cc", "--network", "backend", "--network", "other", "-p", "8081:80", "-p", "127.0.0.1:8082:80/udp", Image, "sh", "-c", Serve];
        await KilledInAsync(scene, ["network", "create", "--ipv6", "n"], before: [], after: ["network", "rm", "n"]);
        await KilledInAsync(scene, ["network", "rm", "n"], before: ["network", "create", "--ipv6", "n"], after: null);
        await KilledInAsync(scene, run, before: [], after: ["rm", "-f", "cc"]);
        await KilledInAsync(scene, ["rm", "-f", "cc"], before: run, after: null);
        await KilledInAsync(scene, ["stop", "cc"], before: run, after: ["rm", "-f", "cc"]);
        await own.Ok(run);
        await own.Ok("stop", "cc");
        await KilledInAsync(scene, ["start", "cc"], before: [], after: ["stop", "cc"]);
        await own.Ok("rm", "-f", "cc");
        await own.Ok("run", "-d", "--name", "cc", "--network", "backend", "-p", "8081:80", Image, "sh", "-c", Serve);
        await KilledInAsync(scene, ["network", "connect", "--alias", "second", "other", "cc"], before: [], after: ["network", "disconnect", "other", "cc"]);
        await KilledInAsync(scene, ["network", "disconnect", "other", "cc"], before: ["network", "connect", "other", "cc"], after: null);
        await own.Ok("rm", "-f", "cc");
    });

    [TareFact]
    public Task The_keeper_is_killed_and_then_the_daemon() => WithScene(async (scene, own) =>
    {
        for (int round = 0; round < 2; round++)
        {
            int keeper = own.Daemon.KeeperPid;
            Processes.Signal(keeper, Processes.SIGKILL);
            await Eventually.TrueAsync(() => !Processes.Exists(keeper), () => "the keeper is still there");
            await scene.IsRightAsync();
            Assert.NotEqual(keeper, own.Daemon.KeeperPid);
            own.Daemon.KillDaemon();
            // The packet filter needs neither.
            Assert.Equal("server", await Scene.FetchAsync("127.0.0.1", 8080));
            await own.Daemon.StartAgainAsync();
            await scene.IsRightAsync();
        }
    });

    [TareFact]
    public Task Daemon_and_keeper_are_killed_together() => WithScene(async (scene, own) =>
    {
        for (int round = 0; round < 2; round++)
        {
            int keeper = own.Daemon.KeeperPid;
            own.Daemon.KillDaemon();
            Processes.Signal(keeper, Processes.SIGKILL);
            await Eventually.TrueAsync(() => Processes.All().All(p => p.Pid != keeper || p.State == 'Z'), () => "the keeper is still there");
            await own.Daemon.StartAgainAsync();
            await scene.IsRightAsync();
        }
    });

    [TareFact]
    public Task Containers_that_end_while_there_is_no_daemon_leave_their_places() => WithScene(async (scene, own) =>
    {
        await own.Ok("run", "-d", "--name", "ends", "--network", "backend", "--ip", "10.80.0.99", "-p", "8081:80", Image, "sh", "-c", Serve);
        int pid = int.Parse(await own.Ok("inspect", "-f", "{{.State.Pid}}", "ends"), CultureInfo.InvariantCulture);
        own.Daemon.KillDaemon();
        Processes.Signal(pid, Processes.SIGKILL);
        await Eventually.TrueAsync(() => Processes.All().All(p => p.Pid != pid || p.State == 'Z'), () => "it goes on");
        await own.Daemon.StartAgainAsync();
        await scene.IsRightAsync();
        await own.Ok("run", "-d", "--name", "next", "--hostname", "next", "--network", "backend", "--ip", "10.80.0.99", "-p", "8081:80", Image, "sh", "-c", Serve);
        await Eventually.EqualAsync("next", async () => (await Running.RunAsync("curl", ["-sS", "http://127.0.0.1:8081/"])).Text);
        await own.Ok("rm", "-f", "ends", "next");
    });

    private static Task WithScene(Func<Scene, Own, Task> work) => WithDaemon(async own =>
    {
        Scene scene = await Scene.SetAsync(own);
        try
        {
            await work(scene, own);
        }
        catch
        {
            // The next case has the same addresses.
            await scene.RemoveAsync();
            throw;
        }

        await scene.EndAsync();
    });

    /// <summary>Uses networks in all ways, as fast as it goes; how often.</summary>
    private static async Task<int> WorkAsync(Own own, string name, int port, CancellationToken enough)
    {
        int done = 0;
        for (int i = 0; !enough.IsCancellationRequested; i++)
        {
            string network = $"{name}n{i}", container = $"{name}c{i}";
            string published = port.ToString(CultureInfo.InvariantCulture);
            string[][] steps =
            [
                ["network", "create", .. i % 2 == 0 ? new[] { "--ipv6" } : [], network],
                ["run", "-d", "--name", container, "--network", network, "-p", $"{published}:80", "-p", $"{published}:53/udp", "-p", "80", Image, "sh", "-c", Serve],
                ["network", "connect", "backend", container],
                ["network", "disconnect", network, container],
                .. i % 3 == 0 ? new string[][] { ["stop", container], ["start", container] } : [],
                .. i % 4 != 3 ? new string[][] { ["rm", "-f", container], ["network", "rm", network] } : [["kill", container]],
            ];
            foreach (string[] step in steps)
            {
                if (enough.IsCancellationRequested) break;
                await own.Tare(step);
                done++;
            }
        }
        return done;
    }

    /// <summary>Kills the daemon at moments all over a command, and each time sees that nothing is left, and that the command can be given again.</summary>
    /// <param name="scene">Those who run meanwhile.</param>
    /// <param name="command">The command.</param>
    /// <param name="before">What makes it possible; nothing when it is empty.</param>
    /// <param name="after">What takes back what it does; null when <paramref name="before"/> is what it takes back.</param>
    private static async Task KilledInAsync(Scene scene, string[] command, string[] before, string[]? after)
    {
        Own own = scene.Own;
        await GiveAsync(before);
        Stopwatch watch = Stopwatch.StartNew();
        await own.Ok(command);
        TimeSpan length = watch.Elapsed;
        await GiveAsync(after ?? []);
        for (int kill = 0; kill < Kills; kill++)
        {
            await GiveAsync(before);
            using (Running running = own.Start(command))
            {
                // Not to await anything: this chooses the moment.
                await Task.Delay(length * kill / Kills);
                own.Daemon.KillDaemon();
                await running.EndAsync();
            }

            await own.Daemon.StartAgainAsync();
            await scene.IsRightAsync();
            // Whatever of it has happened: it can be brought to its end, and taken back.
            if ((await own.Tare(command)).Code != 0 && command[0] == "run")
            {
                await own.Ok("rm", "-f", "cc");
                await own.Ok(command);
            }

            await GiveAsync(after ?? []);
            await scene.Traces.AreRightAsync();
        }

        async Task GiveAsync(string[] words)
        {
            if (words.Length > 0) await own.Ok(words);
        }
    }

    /// <summary>A server with a port, and a client on its network and another one: they run through it all.</summary>
    private sealed class Scene
    {
        private readonly string facts;

        private Scene(Own own, NetworkTraces traces, string facts) => (Own, Traces, this.facts) = (own, traces, facts);

        public Own Own { get; }

        public NetworkTraces Traces { get; }

        public static async Task<Scene> SetAsync(Own own)
        {
            NetworkTraces traces = await NetworkTraces.BeginAsync(own.Daemon, own.Api);
            await own.Ok("network", "create", "--subnet", "10.80.0.0/16", "--ipv6", "--subnet", "fd80::/64", "backend");
            await own.Ok("run", "-d", "--name", "server", "--hostname", "server", "--network", "backend", "--network-alias", "web", "-p", "8080:80", "-p", "[::1]:8089:80", Image, "sh", "-c", Serve);
            await own.Ok("run", "-d", "--name", "client", "--network", "backend", Image, "sleep", "1000000");
            await own.Ok("network", "connect", "bridge", "client");
            Scene scene = new(own, traces, await FactsAsync(own));
            await Eventually.EqualAsync(0, async () => (await own.Tare("exec", "server", "wget", "-qO-", "http://127.0.0.1/")).Code);
            await scene.IsRightAsync();
            return scene;
        }

        /// <summary>Nothing has changed for them, and there is nothing that nobody claims.</summary>
        public async Task IsRightAsync()
        {
            Assert.Equal(facts, await FactsAsync(Own));
            Assert.Equal("server", await FetchAsync("127.0.0.1", 8080));
            Assert.Equal("server", await FetchAsync("[::1]", 8080));
            Assert.Equal("server", await FetchAsync("[::1]", 8089));
            foreach (string name in new[] { "server", "web", "server.backend" })
                Assert.Equal("server", (await Own.Tare("exec", "client", "wget", "-qO-", $"http://{name}/")).Ok().Text);
            await Traces.AreRightAsync();
        }

        public async Task EndAsync()
        {
            await RemoveAsync();
            await Traces.AreGoneAsync();
        }

        public async Task RemoveAsync()
        {
            await Own.RemoveAllAsync();
            // Those that were removed last may be leaving still.
            await Eventually.EqualAsync("", async () =>
            {
                await Own.Tare("network", "prune", "--force");
                return await Own.Ok("network", "ls", "-q", "--filter", "type=custom");
            });
        }

        public static async Task<string> FetchAsync(string address, int port) =>
            (await Running.RunAsync("curl", ["-sS", "--max-time", "10", $"http://{address}:{port.ToString(CultureInfo.InvariantCulture)}/"])).Ok().Text;

        private static Task<string> FactsAsync(Own own) => own.Ok(
            "inspect", "-f", "{{.State.Status}} {{.State.Pid}} {{json .NetworkSettings.Ports}} {{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{$net.IPAddress}} {{$net.GlobalIPv6Address}} {{$net.MacAddress}} {{end}}",
            "server", "client");
    }
}

using System.Globalization;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Daemon and keeper are killed under twenty running containers.</summary>
public sealed class CrashTests : OwnDaemonTests
{
    private const int Writers = 12;
    private const int Terminals = 4;
    private const int Enders = 4;

    [TareFact]
    public Task The_daemon_is_killed() => WithDaemon(async own =>
    {
        Scene scene = await Scene.SetAsync(own);
        for (int round = 0; round < 3; round++)
        {
            await scene.EveryWriterWritesOnAsync();
            own.Daemon.KillDaemon();
            if (round == 1)
                await scene.EndersEndAsync();
            await scene.WritersWorkWithoutADaemonAsync();
            await own.Daemon.StartAgainAsync();
            await scene.EverythingRunsOnAsync();
        }
        await scene.EveryWriterWritesOnAsync();
        await scene.EndersHaveEndedRightAsync();
        await scene.LogsAreWholeAsync(lossless: true);
    });

    [TareFact]
    public Task The_keeper_is_killed() => WithDaemon(async own =>
    {
        Scene scene = await Scene.SetAsync(own);
        for (int round = 0; round < 3; round++)
        {
            await scene.EveryWriterWritesOnAsync();
            int keeper = own.Daemon.KeeperPid;
            Processes.Signal(keeper, Processes.SIGKILL);
            await Eventually.TrueAsync(() => !Processes.Exists(keeper), () => "the keeper is still there");
            await scene.EverythingRunsOnAsync();
            await scene.EveryWriterWritesOnAsync();
            Assert.NotEqual(keeper, own.Daemon.KeeperPid);
        }
        await scene.EndersEndAsync();
        await scene.EndersHaveEndedRightAsync();
        await scene.LogsAreWholeAsync(lossless: false);
    });

    [TareFact]
    public Task A_daemon_that_is_stopped_leaves_containers_and_their_clients_can_come_back() => WithDaemon(async own =>
    {
        string pid = await own.Ok("inspect", "-f", "{{.State.Pid}}", await own.Detached("stays", "trap 'exit 5' TERM; while :; do sleep 1000 & wait $!; done"));
        Processes.Signal(own.Daemon.Pid, Processes.SIGTERM);
        await Eventually.TrueAsync(() => !Processes.Exists(own.Daemon.Pid) || Processes.All().All(p => p.Pid != own.Daemon.Pid || p.State == 'Z'), () => "the daemon does not stop");
        Assert.True(Processes.Exists(int.Parse(pid, CultureInfo.InvariantCulture)));
        await own.Daemon.StartAgainAsync();
        Assert.Equal($"running {pid}", await own.Ok("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", "stays"));
        await own.Ok("stop", "stays");
        Assert.Equal("5", await own.Ok("inspect", "-f", "{{.State.ExitCode}}", "stays"));
    });

    /// <summary>Twenty containers: some write numbers, some have a terminal, some end with a code of their own when told.</summary>
    private sealed class Scene
    {
        private readonly Own own;
        private readonly Dictionary<string, string> pids = [];
        private readonly string signal;
        private bool ended;

        private Scene(Own own)
        {
            this.own = own;
            signal = Path.Combine(own.Daemon.Folder, "signal");
        }

        public static async Task<Scene> SetAsync(Own own)
        {
            Scene scene = new(own);
            Directory.CreateDirectory(scene.signal);
            for (int i = 0; i < Writers; i++)
                await own.Detached($"writer{i}", "i=0; while :; do echo $i; i=$((i+1)); usleep 3000; done");
            for (int i = 0; i < Terminals; i++)
                await own.Detached($"terminal{i}", "while read line; do echo \"<$line>\"; done", "-it");
            for (int i = 0; i < Enders; i++)
                await own.Detached($"ender{i}", $"while [ ! -e /signal/end ]; do usleep 20000; done; exit {10 + i}", "-v", scene.signal + ":/signal");
            foreach (string name in scene.Names)
                scene.pids[name] = await own.Ok("inspect", "-f", "{{.State.Pid}}", name);
            // Two clients are attached when it happens; what becomes of them is not the point.
            using Running attached = own.Start("attach", "--no-stdin", "writer0");
            await Eventually.TrueAsync(() => attached.Out.Length > 0, () => attached.Err);
            return scene;
        }

        private IEnumerable<string> Names => Enumerable.Range(0, Writers).Select(i => $"writer{i}")
            .Concat(Enumerable.Range(0, Terminals).Select(i => $"terminal{i}")).Concat(Enumerable.Range(0, Enders).Select(i => $"ender{i}"));

        public async Task EveryWriterWritesOnAsync()
        {
            for (int i = 0; i < Writers; i++)
            {
                int last = await LastAsync(i);
                await Eventually.EqualAsync(true, async () => await LastAsync(i) > last + 5);
            }
        }

        /// <summary>While no daemon runs: the processes are seen to go on by the CPU time they use.</summary>
        public async Task WritersWorkWithoutADaemonAsync()
        {
            for (int i = 0; i < Writers; i++)
            {
                string stat = $"/proc/{pids[$"writer{i}"]}/schedstat";
                string before = await File.ReadAllTextAsync(stat);
                await Eventually.TrueAsync(() => File.ReadAllText(stat) != before, () => $"writer{i} stands still");
            }
        }

        public async Task EndersEndAsync()
        {
            await File.WriteAllTextAsync(Path.Combine(signal, "end"), "");
            ended = true;
            for (int i = 0; i < Enders; i++)
            {
                int pid = int.Parse(pids[$"ender{i}"], CultureInfo.InvariantCulture);
                await Eventually.TrueAsync(() => Processes.All().All(p => p.Pid != pid || p.State == 'Z'), () => $"ender{i} goes on");
            }
        }

        public async Task EndersHaveEndedRightAsync()
        {
            for (int i = 0; i < Enders; i++)
            {
                Assert.Equal($"{10 + i}", await own.Ok("wait", $"ender{i}"));
                Assert.Equal($"exited {10 + i}", await own.Ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", $"ender{i}"));
            }
        }

        public async Task EverythingRunsOnAsync()
        {
            foreach (string name in Names.Where(name => !ended || !name.StartsWith("ender", StringComparison.Ordinal)))
                Assert.Equal($"running {pids[name]}", await own.Ok("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", name));
            for (int i = 0; i < Terminals; i++)
            {
                using Terminal terminal = own.OnTerminal("attach", $"terminal{i}");
                await Eventually.TrueAsync(() =>
                {
                    terminal.Type("hello\r");
                    return terminal.Screen.Contains("<hello>", StringComparison.Ordinal);
                }, () => $"terminal{i} does not answer: {terminal.Screen}");
                terminal.Type("\u0010\u0011");
                await terminal.EndAsync();
            }
            using Running attach = own.Start("attach", "--no-stdin", "writer1");
            await Eventually.TrueAsync(() => attach.Out.Length > 0, () => "attach shows nothing: " + attach.Err);
            Assert.Equal("works", await own.Ok("exec", "writer2", "echo", "works"));
        }

        /// <param name="lossless">Whether every number must be there; in any case none comes twice or out of order.</param>
        public async Task LogsAreWholeAsync(bool lossless)
        {
            for (int i = 0; i < Writers; i++)
            {
                int[] numbers = (await own.Ok("logs", $"writer{i}")).Split('\n').Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToArray();
                for (int k = 1; k < numbers.Length; k++)
                {
                    bool right = lossless ? numbers[k] == numbers[k - 1] + 1 : numbers[k] > numbers[k - 1];
                    Assert.True(right, $"writer{i}: {numbers[k]} after {numbers[k - 1]}");
                }
                Assert.Equal(0, numbers[0]);
            }
        }

        private async Task<int> LastAsync(int writer) =>
            int.TryParse(await own.Ok("logs", "--tail", "1", $"writer{writer}"), out int last) ? last : -1;
    }
}

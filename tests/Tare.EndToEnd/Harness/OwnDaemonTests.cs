using System.Text.Json.Nodes;

namespace Tare.EndToEnd.Harness;

/// <summary>Base of the cases that need a daemon for themselves: they kill it, fill its disk or count what it holds.</summary>
[Collection("own daemon")]
public abstract class OwnDaemonTests
{
    internal const string Image = Setup.Image;

    /// <summary>Starts a daemon with the base image, runs the case, removes the containers and checks that nothing is left.</summary>
    internal static async Task WithDaemon(Func<Own, Task> work, string? dataRoot = null, string[]? options = null, IsolatedHost? within = null, string client = "tare")
    {
        Daemon daemon = await Daemon.StartAsync(dataRoot, options, within);
        using Own own = new(daemon, Setup.ProgramOf(client));
        // What the case found comes first; what it left behind is told after it, and does not take its place.
        List<Exception> failures = [];
        await Gather(async () =>
        {
            await BaseImage.LoadAsync(own.Api);
            await work(own);
        });
        await Gather(async () =>
        {
            if (await own.Api.AnswersAsync())
                await own.RemoveAllAsync();
        });
        await Gather(async () => await daemon.DisposeAsync());
        if (failures.Count > 0)
            Assert.Fail(string.Join("\n\n", failures));

        async Task Gather(Func<Task> step)
        {
            try
            {
                await step();
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }
    }

    internal sealed class Own(Daemon daemon, string program) : IDisposable
    {
        public Daemon Daemon => daemon;

        public EngineApi Api { get; } = new(daemon.Socket);

        public Task<Result> Tare(params string[] arguments) => Running.RunAsync(Setup.Tare, arguments, environment: Environment);

        public Task<Result> Tare(byte[] stdin, params string[] arguments) => Running.RunAsync(Setup.Tare, arguments, stdin, Environment);

        /// <summary>Runs the case's client, which is <c>tare</c> unless it says otherwise.</summary>
        public Task<Result> Run(params string[] arguments) => Running.RunAsync(program, arguments, environment: Environment);

        public async Task<string> Ok(params string[] arguments) => (await Run(arguments)).Ok().Text;

        public Running Start(params string[] arguments) => Running.Start(Setup.Tare, arguments, Environment);

        public Terminal OnTerminal(params string[] arguments) => Terminal.Start(Setup.Tare, arguments, 30, 100, Environment);

        public Task<string> Detached(string name, string script, params string[] options) =>
            Ok(["run", "-d", "--name", name, "--network", "none", .. options, Image, "sh", "-c", script]);

        public async Task RemoveAllAsync()
        {
            foreach (JsonNode container in await Api.ContainersAsync())
                await Api.SendAsync(HttpMethod.Delete, $"containers/{(string)container["Id"]!}?force=1");
            await Api.SendAsync(HttpMethod.Post, "networks/prune");
        }

        public void Dispose() => Api.Dispose();

        private Dictionary<string, string> Environment => new() { ["DOCKER_HOST"] = daemon.Host, ["DOCKER_CONFIG"] = "/nonexistent", ["TERM"] = "xterm" };
    }
}

namespace Tare.EndToEnd.Harness.Registries;

/// <summary>A daemon for the cases with faulty registries, which count what it has.</summary>
public sealed class FaultFixture : IAsyncLifetime
{
    private Daemon? daemon;

    internal Daemon Daemon => daemon!;

    internal EngineApi Api { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (Setup.IsReference)
            return;
        daemon = await Daemon.StartAsync();
        Api = new EngineApi(daemon.Socket);
        await BaseImage.LoadAsync(Api);
    }

    public async Task DisposeAsync()
    {
        if (daemon is null)
            return;
        Api.Dispose();
        await daemon.DisposeAsync();
    }

    internal Task<Result> Run(string client, params string[] arguments) => Running.RunAsync(Setup.ProgramOf(client), arguments, environment: Environment());

    internal Running Start(string client, params string[] arguments) => Running.Start(Setup.ProgramOf(client), arguments, Environment());

    internal Dictionary<string, string> Environment(string? configuration = null) => new()
    {
        ["DOCKER_HOST"] = Daemon.Host,
        ["DOCKER_CONFIG"] = configuration ?? "/nonexistent",
        ["DOCKER_CLI_HINTS"] = "false",
        ["TERM"] = "xterm",
    };

    /// <summary>Runs a case, and looks that it has changed nothing and left nothing.</summary>
    internal async Task UntouchedAsync(Func<Task> work)
    {
        StoreState before = await StoreState.AtRestAsync(Daemon, Api);
        await work();
        // Threads end a moment after their work has.
        await Eventually.EqualAsync(before, () => StoreState.OfAsync(Daemon, Api), TimeSpan.FromSeconds(10));
    }

    /// <summary>Pulls from a registry that is well again, runs the image and removes it.</summary>
    internal async Task PullsAsync(FaultyRegistry registry)
    {
        registry.Fault = _ => null;
        (await Run("tare", "pull", registry.Name)).Ok();
        await RemoveAsync(registry);
    }

    internal async Task RemoveAsync(FaultyRegistry registry)
    {
        Assert.Equal("whole", (await Run("tare", "run", "--rm", "--network", "none", registry.Name, "echo", "whole")).Ok().Text);
        (await Run("tare", "rmi", registry.Name)).Ok();
    }

}

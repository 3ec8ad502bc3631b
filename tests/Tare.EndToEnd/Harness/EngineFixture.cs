namespace Tare.EndToEnd.Harness;

/// <summary>The engine that most cases share: the one of TARE_TEST_HOST, or a daemon of our own that is checked for leaks at the end.</summary>
public sealed class EngineFixture : IAsyncLifetime
{
    private Daemon? daemon;

    internal string Host { get; private set; } = "";

    internal EngineApi Api { get; private set; } = null!;

    internal Daemon Daemon => daemon ?? throw new InvalidOperationException("a reference engine has no daemon of ours");

    public async Task InitializeAsync()
    {
        if (!Setup.IsReference)
            daemon = await Daemon.StartAsync();
        Host = Setup.ReferenceHost ?? daemon!.Host;
        Api = new EngineApi(Host["unix://".Length..]);
        await BaseImage.LoadAsync(Api);
    }

    public async Task DisposeAsync()
    {
        foreach (var container in await Api.ContainersAsync())
        {
            if (((string)container["Image"]!).StartsWith("tare-test/", StringComparison.Ordinal) || daemon is not null)
                await Api.SendAsync(HttpMethod.Delete, $"containers/{(string)container["Id"]!}?force=1");
        }
        if (daemon is not null)
            await Api.SendAsync(HttpMethod.Post, "networks/prune");
        Api.Dispose();
        if (daemon is not null)
            await daemon.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class EngineGroup : ICollectionFixture<EngineFixture>
{
    public const string Name = "engine";
}

using System.Text.Json.Nodes;

namespace Tare.EndToEnd.Harness;

/// <summary>Base of the cases on the shared engine: clients as processes, names that are the case's own, and cleaning up.</summary>
[Collection(EngineGroup.Name)]
public abstract class EngineTests(EngineFixture engine) : IAsyncLifetime
{
    private readonly string prefix = "tt-" + Guid.NewGuid().ToString("N")[..10];
    private readonly List<string> folders = [];
    private readonly List<string> images = [];
    private int count;

    internal const string Image = Setup.Image;

    internal EngineApi Api => engine.Api;

    internal EngineFixture Engine => engine;

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual async Task DisposeAsync()
    {
        foreach (JsonNode container in await Api.ContainersAsync())
        {
            bool mine = ((JsonArray)container["Names"]!).Any(name => ((string)name!).StartsWith("/" + prefix, StringComparison.Ordinal))
                || ((string)container["Image"]!).StartsWith("tare-test/", StringComparison.Ordinal);
            if (mine)
                await Api.SendAsync(HttpMethod.Delete, $"containers/{(string)container["Id"]!}?force=1&v=1");
        }
        foreach (JsonNode? image in (JsonArray)await Api.GetAsync("images/json"))
        {
            foreach (JsonNode? tag in image!["RepoTags"] as JsonArray ?? [])
            {
                if (images.Any(name => ((string)tag!).StartsWith(name + ":", StringComparison.Ordinal)))
                    await Api.SendAsync(HttpMethod.Delete, $"images/{(string)tag!}?force=1");
            }
        }
        foreach (string folder in folders)
            Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>A container name of this case alone.</summary>
    internal string Name() => $"{prefix}-{++count}";

    /// <summary>An image name of this case alone, removed after it.</summary>
    internal string ImageName()
    {
        string name = $"tare-test/{prefix}-{++count}";
        images.Add(name);
        return name;
    }

    /// <summary>Has an image removed after the case, whatever its tags.</summary>
    internal void Own(string name) => images.Add(name);

    /// <summary>A folder of this case alone, here and as the engine sees it.</summary>
    internal (string Here, string Engine) Folder()
    {
        (string here, string there) = Setup.NewShared();
        folders.Add(here);
        return (here, there);
    }

    internal Task<Result> Run(string client, params string[] arguments) => RunWith(client, null, arguments);

    internal async Task<Result> RunWith(string client, byte[]? stdin, params string[] arguments) =>
        OldClient.Translate(client, await Running.RunAsync(Program(client), arguments, stdin, Environment));

    /// <summary>Runs a client command that must succeed, and returns its standard output without the last line end.</summary>
    internal async Task<string> Ok(string client, params string[] arguments) => (await Run(client, arguments)).Ok().Text;

    internal Running Start(string client, params string[] arguments) => Running.Start(Program(client), arguments, Environment);

    internal Terminal OnTerminal(string client, params string[] arguments) => OnTerminal(client, 30, 100, arguments);

    internal Terminal OnTerminal(string client, ushort rows, ushort columns, params string[] arguments) =>
        Terminal.Start(Program(client), arguments, rows, columns, Environment);

    /// <summary>A running container that does nothing; stops at once when told.</summary>
    internal async Task<string> Idle(string client, params string[] options)
    {
        string name = Name();
        await Ok(client, ["run", "-d", "--name", name, "--network", "none", .. options, Image, "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"]);
        return name;
    }

    internal IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["DOCKER_HOST"] = engine.Host,
        ["DOCKER_CONFIG"] = "/nonexistent",
        ["DOCKER_CLI_HINTS"] = "false",
        ["TERM"] = "xterm",
    };

    internal static string Program(string client) => client switch
    {
        "docker" => Setup.Docker,
        "tare" => Setup.Tare,
        _ => throw new ArgumentException("unknown client " + client),
    };
}

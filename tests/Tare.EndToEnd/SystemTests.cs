using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>version, info and what a client sees first.</summary>
public sealed class SystemTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task Version_tells_of_client_and_server(string client)
    {
        string version = await Ok(client, "version");
        Assert.Contains("Client:", version, StringComparison.Ordinal);
        Assert.Contains("Server:", version, StringComparison.Ordinal);
        Assert.Matches(@"API version: +1\.\d+ \(minimum version 1\.24\)", version);
        JsonNode json = JsonNode.Parse(await Ok(client, "version", "--format", "{{json .}}"))!;
        Assert.Equal("linux", (string)json["Server"]!["Os"]!);
        Assert.Equal("1.24", (string)json["Server"]!["MinAPIVersion"]!);
        Assert.NotEqual("", await Ok(client, "version", "--format", "{{.Server.Version}} {{.Client.Version}}"));
    }

    [Theory, ClientsWith("--version"), ClientsWith("-v")]
    public async Task Version_of_the_client_alone_is_a_line(string client, string option) => Assert.Single((await Run(client, option)).Ok().Lines);

    [Theory, Clients]
    public async Task Info_counts_containers(string client)
    {
        string running = await Idle(client);
        string paused = await Idle(client);
        await Ok(client, "pause", paused);
        await Ok(client, "create", "--network", "none", Image);
        JsonNode info = JsonNode.Parse(await Ok(client, "info", "--format", "{{json .}}"))!;
        Assert.True((int)info["ContainersRunning"]! >= 1);
        Assert.True((int)info["ContainersPaused"]! >= 1);
        Assert.True((int)info["ContainersStopped"]! >= 1);
        Assert.Equal((int)info["Containers"]!, (int)info["ContainersRunning"]! + (int)info["ContainersPaused"]! + (int)info["ContainersStopped"]!);
        Assert.True((int)info["Images"]! >= 1);
        Assert.Equal("linux", (string)info["OSType"]!);
        Assert.Equal(System.Environment.ProcessorCount, (int)info["NCPU"]!);
        string text = await Ok(client, "info");
        foreach (string line in new[] { "Server Version: ", "Storage Driver: ", "Kernel Version: ", "Architecture: ", "Docker Root Dir: ", "Cgroup Version: " })
            Assert.Contains(line, text, StringComparison.Ordinal);
        Assert.Equal("running", await Api.StatusAsync(running));
    }

    [Theory, Clients]
    public async Task A_socket_where_nobody_listens_is_said_so(string client)
    {
        Result result = await Run(client, "-H", "unix:///nonexistent/engine.sock", "ps");
        result.Expect(1);
        Assert.Contains("Cannot connect to the Docker daemon at unix:///nonexistent/engine.sock. Is the docker daemon running?", result.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Help_names_the_verbs(string client)
    {
        string help = await Ok(client, "--help");
        foreach (string verb in new[] { "run", "exec", "ps", "images", "logs", "inspect", "stop", "rm", "version", "info" })
            Assert.Matches($@"(?m)^  {verb}\b", help);
        Assert.Contains("--network", await Ok(client, "run", "--help"), StringComparison.Ordinal);
    }
}

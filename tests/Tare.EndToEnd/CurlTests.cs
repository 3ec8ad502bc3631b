using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>curl on the raw API: versions old, new and absent, status codes, headers, streams.</summary>
public sealed class CurlTests(EngineFixture engine) : EngineTests(engine)
{
    [Fact]
    public async Task Ping_has_its_headers()
    {
        string answer = await Curl("-i", "http://d/_ping");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer, StringComparison.Ordinal);
        Assert.Matches("(?i)\r\nApi-Version: 1\\.\\d+\r\n", answer);
        Assert.Matches("(?i)\r\nOstype: linux\r\n", answer);
        Assert.Matches("(?i)\r\nBuilder-Version: [12]\r\n", answer);
        Assert.Matches("(?i)\r\nCache-Control: no-cache, no-store, must-revalidate\r\n", answer);
        Assert.EndsWith("\r\n\r\nOK", answer, StringComparison.Ordinal);
        string head = await Curl("-I", "http://d/_ping");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Matches("(?i)\r\nContent-Length: 0\r\n", head);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/v1.24")]
    [InlineData("/v1.30")]
    [InlineData("/v1.41")]
    [InlineData("/v1.47")]
    [InlineData("/v1.51")]
    public async Task Every_version_from_1_24_up_is_served(string version)
    {
        Assert.Equal("OK", await Curl($"http://d{version}/_ping"));
        JsonNode answer = JsonNode.Parse(await Curl($"http://d{version}/version"))!;
        Assert.Equal("1.24", (string)answer["MinAPIVersion"]!);
        string name = Name();
        JsonNode created = JsonNode.Parse(await Curl("-X", "POST", "-H", "Content-Type: application/json", "-d",
            $$$"""{"Image":"{{{Image}}}","Cmd":["sh","-c","echo over $V; exit 3"],"Env":["V=of {{{version}}}!"],"HostConfig":{"NetworkMode":"none"}}""", $"http://d{version}/containers/create?name={name}"))!;
        string id = (string)created["Id"]!;
        Assert.Equal("204", await Status("-X", "POST", $"http://d{version}/containers/{id}/start"));
        Assert.Equal(3, (int)JsonNode.Parse(await Curl("-X", "POST", $"http://d{version}/containers/{id}/wait"))!["StatusCode"]!);
        Assert.Equal(3, (int)JsonNode.Parse(await Curl($"http://d{version}/containers/{name}/json"))!["State"]!["ExitCode"]!);
        byte[] logs = await CurlBytes($"http://d{version}/containers/{id}/logs?stdout=1&stderr=1");
        byte[] text = System.Text.Encoding.UTF8.GetBytes($"over of {version}!\n");
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, (byte)text.Length, .. text], logs);
        JsonArray list = (JsonArray)JsonNode.Parse(await Curl("-g", $"http://d{version}/containers/json?all=1&filters={{\"name\":[\"{name}\"]}}"))!;
        Assert.Equal(id, (string)Assert.Single(list)!["Id"]!);
        Assert.Equal("204", await Status("-X", "DELETE", $"http://d{version}/containers/{id}"));
        Assert.Equal("404", await Status($"http://d{version}/containers/{id}/json"));
    }

    [Theory, InlineData("/v1.23/version"), InlineData("/v1.999/version")]
    public async Task A_version_outside_is_refused(string path)
    {
        string answer = await Curl("-w", "\\n%{http_code}", "http://d" + path);
        Assert.EndsWith("\n400", answer, StringComparison.Ordinal);
        Assert.Matches("client version 1\\.\\d+ is too (old|new)\\. M(in|ax)imum supported API version is 1\\.\\d+", answer);
    }

    [Fact]
    public async Task Starting_twice_is_304_and_stopping_twice_too()
    {
        string name = await Idle("docker");
        Assert.Equal("304", await Status("-X", "POST", $"http://d/containers/{name}/start"));
        Assert.Equal("204", await Status("-X", "POST", $"http://d/containers/{name}/stop"));
        Assert.Equal("304", await Status("-X", "POST", $"http://d/containers/{name}/stop"));
        Assert.Equal("409", await Status("-X", "POST", $"http://d/containers/{name}/kill"));
        Assert.Equal("404", await Status("-X", "POST", "http://d/containers/nosuch/start"));
    }

    [Fact]
    public async Task Errors_are_json_with_a_message()
    {
        string answer = await Curl("-i", "http://d/v1.45/containers/nosuch/json");
        Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", answer, StringComparison.Ordinal);
        Assert.Matches("(?i)\r\nContent-Type: application/json\r\n", answer);
        Assert.EndsWith("{\"message\":\"No such container: nosuch\"}\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attach_over_a_plain_request_streams_frames()
    {
        string name = Name();
        await Ok("docker", "create", "--name", name, "--network", "none", Image, "sh", "-c", "echo one; sleep 0.1; echo two >&2");
        using Running attach = Running.Start("curl", ["-sSv", "--no-buffer", "--unix-socket", Socket, "-X", "POST", $"http://d/v1.45/containers/{name}/attach?stream=1&stdout=1&stderr=1"]);
        await attach.SeeAsync("200 OK");
        await Ok("docker", "start", name);
        byte[] seen = (await attach.EndAsync()).Ok().OutBytes;
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 4, .. "one\n"u8, 2, 0, 0, 0, 0, 0, 0, 4, .. "two\n"u8], seen);
    }

    [Fact]
    public async Task Wait_can_be_asked_before_the_start()
    {
        string name = Name();
        await Ok("docker", "create", "--name", name, "--network", "none", Image, "sh", "-c", "exit 5");
        using Running wait = Running.Start("curl", ["-sSv", "--no-buffer", "--unix-socket", Socket, "-X", "POST", $"http://d/v1.45/containers/{name}/wait?condition=next-exit"]);
        await wait.SeeAsync("200 OK");
        await Ok("docker", "start", name);
        Assert.Contains("{\"StatusCode\":5}", (await wait.EndAsync()).Ok().Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_and_events_stream_without_end_until_the_client_goes()
    {
        string name = Name();
        await Ok("docker", "run", "-d", "--name", name, "--network", "none", Image, "sh", "-c", "echo first; exec sleep 1000");
        using Running events = Running.Start("curl", ["-sS", "--no-buffer", "--unix-socket", Socket, "http://d/v1.45/events"]);
        using Running logs = Running.Start("curl", ["-sS", "--no-buffer", "--unix-socket", Socket, $"http://d/v1.45/containers/{name}/logs?stdout=1&follow=1"]);
        await logs.SeeAsync("first\n");
        await Eventually.TrueAsync(() =>
        {
            Run("docker", "kill", "-s", "HUP", name).GetAwaiter().GetResult();
            return events.Out.Contains("\"kill\"", StringComparison.Ordinal);
        }, () => events.Out + events.Err);
        Assert.Contains("\"Type\":\"container\"", events.Out, StringComparison.Ordinal);
        Assert.False(events.HasExited);
        Assert.False(logs.HasExited);
        await Ok("docker", "kill", name);
        (await logs.EndAsync()).Ok();
    }

    private string Socket => Engine.Host["unix://".Length..];

    private async Task<byte[]> CurlBytes(params string[] arguments) => (await Running.RunAsync("curl", ["-sS", "--unix-socket", Socket, .. arguments])).Ok().OutBytes;

    private async Task<string> Curl(params string[] arguments) => System.Text.Encoding.UTF8.GetString(await CurlBytes(arguments));

    private Task<string> Status(params string[] arguments) => Curl(["-o", "/dev/null", "-w", "%{http_code}", .. arguments]);
}

using System.Text;

namespace Tare.Client.Tests;

/// <summary>The client against answers that are written byte by byte.</summary>
public sealed class TareClientTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Bodies_come_by_length_and_in_chunks_on_one_connection(bool blocking)
    {
        using var engine = new FakeEngine(async stream =>
        {
            await FakeEngine.ReadHeadAsync(stream);
            await FakeEngine.WriteAsync(stream, "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 2\r\n\r\n[]");
            await FakeEngine.ReadHeadAsync(stream);
            await FakeEngine.WriteAsync(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n");
            await FakeEngine.WriteAsync(stream, "1;x=y\r\n]\r\n0\r\nTrailer: x\r\n\r\n");
            await FakeEngine.ReadHeadAsync(stream);
        });
        using var client = engine.Connect(blocking);
        Assert.Equal("[]", Text(await client.Containers.ListJsonAsync()));
        Assert.Equal("[]", Text(await client.Containers.ListJsonAsync()));
        Assert.Equal(1, engine.Connections);
    }

    [Fact]
    public async Task An_older_engine_is_spoken_to_in_its_own_version()
    {
        var asked = new List<string>();
        using var engine = new FakeEngine(async stream =>
        {
            while (await FakeEngine.ReadHeadAsync(stream) is { Length: > 0 } head)
            {
                asked.Add(head.Split(' ')[1]);
                await FakeEngine.WriteAsync(stream, head.Contains("/v1.44/", StringComparison.Ordinal)
                    ? "HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 2\r\n\r\n[]"
                    : "HTTP/1.1 400 Bad Request\r\nApi-Version: 1.44\r\nContent-Length: 17\r\n\r\n{\"message\":\"new\"}");
            }
        });
        using var client = engine.Connect(blocking: true);
        Assert.Equal("[]", Text(await client.Containers.ListJsonAsync()));
        Assert.Equal("[]", Text(await client.Containers.ListJsonAsync()));
        Assert.Equal(["/v1.51/containers/json", "/v1.44/containers/json", "/v1.44/containers/json"], asked);
    }

    [Theory]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\n{\"message\":\"missing\"}", "missing", 404)]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Length: 6\r\n\r\nbroken", "broken", 500)]
    public async Task Errors_carry_the_engines_sentence(string answer, string message, int status)
    {
        answer = answer.Replace("Content-Length: 20", "Content-Length: 21", StringComparison.Ordinal);
        using var engine = new FakeEngine(async stream =>
        {
            await FakeEngine.ReadHeadAsync(stream);
            await FakeEngine.WriteAsync(stream, answer);
        });
        using var client = engine.Connect(blocking: true);
        var error = await Assert.ThrowsAsync<EngineException>(async () => await client.Containers.InspectJsonAsync("x"));
        Assert.Equal((message, status), (error.Message, error.Status));
    }

    [Fact]
    public async Task No_engine_and_a_broken_answer_are_told_apart()
    {
        using var nobody = new TareClient(new TareClientOptions { Address = EngineAddress.Parse("unix:///nonexistent.sock"), Blocking = true });
        var absent = await Assert.ThrowsAsync<EngineUnreachableException>(async () => await nobody.System.PingAsync());
        Assert.Equal("Cannot connect to the Docker daemon at unix:///nonexistent.sock. Is the docker daemon running?", absent.Message);
        using var engine = new FakeEngine(FakeEngine.ReadHeadAsync);
        using var client = engine.Connect(blocking: true);
        var broken = await Assert.ThrowsAsync<EngineUnreachableException>(async () => await client.Containers.StopAsync("x"));
        Assert.EndsWith("/v1.51/containers/x/stop\": EOF", broken.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Attached_streams_are_taken_apart_and_half_closed(bool blocking)
    {
        using var engine = new FakeEngine(async stream =>
        {
            await FakeEngine.ReadHeadAsync(stream);
            await FakeEngine.WriteAsync(stream, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
            await FakeEngine.WriteAsync(stream, "\u0001\0\0\0\0\0\0\u0003out\u0002\0\0\0\0\0\0\u0003e");
            await FakeEngine.WriteAsync(stream, "rr");
            var input = new byte[16];
            var count = 0;
            while (await stream.ReadAsync(input.AsMemory(count)) is > 0 and var read) count += read;
            await stream.WriteAsync(new byte[] { 1, 0, 0, 0, 0, 0, 0, (byte)count });
            await stream.WriteAsync(input.AsMemory(0, count));
        });
        using var client = engine.Connect(blocking);
        using var streams = await client.Containers.AttachAsync("x", new AttachOptions { Stdin = true });
        await streams.WriteAsync("hello"u8.ToArray());
        streams.CloseInput();
        var text = new StringBuilder();
        while (await streams.ReadAsync() is { } chunk) text.Append($"{(int)chunk.Stream}{Text(chunk.Data)}");
        Assert.Equal("1out2e2rr1hello", text.Replace("2err", "2e2rr").ToString());
    }

    [Fact]
    public async Task Events_are_cut_apart_wherever_they_break()
    {
        using var engine = new FakeEngine(async stream =>
        {
            await FakeEngine.ReadHeadAsync(stream);
            await FakeEngine.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
            foreach (var c in "{\"Type\":\"a}\\\"\"}\n{\"Type\":\"b\",\"Actor\":{\"ID\":\"x\"}}") await FakeEngine.WriteAsync(stream, c.ToString());
        });
        using var client = engine.Connect(blocking: true);
        var types = new List<string>();
        await foreach (var message in client.System.EventsAsync()) types.Add(message.Type);
        Assert.Equal(["a}\"", "b"], types);
    }

    [Fact]
    public async Task Names_are_encoded_and_never_empty()
    {
        var asked = "";
        using var engine = new FakeEngine(async stream =>
        {
            asked = await FakeEngine.ReadHeadAsync(stream);
            await FakeEngine.WriteAsync(stream, "HTTP/1.1 204 No Content\r\n\r\n");
        });
        using var client = engine.Connect(blocking: true);
        await client.Containers.RenameAsync("/a b", "c&d=é");
        Assert.StartsWith("POST /v1.51/containers/a%20b/rename?name=c%26d%3D%C3%A9 HTTP/1.1\r\n", asked, StringComparison.Ordinal);
        await Assert.ThrowsAsync<Tare.Errors.TareException>(async () => await client.Containers.StopAsync("/"));
    }

    [Theory]
    [InlineData("1.43", true)]
    [InlineData("1.44", false)]
    public async Task The_address_beside_the_endpoints_is_for_old_engines(string version, bool sent)
    {
        var created = "";
        using var engine = new FakeEngine(async stream =>
        {
            while (await FakeEngine.ReadHeadAsync(stream) is { Length: > 0 } head)
            {
                var length = System.Text.RegularExpressions.Regex.Match(head, @"Content-Length: (\d+)");
                var body = new byte[length.Success ? int.Parse(length.Groups[1].ValueSpan) : 0];
                await stream.ReadExactlyAsync(body);
                if (head.StartsWith("POST", StringComparison.Ordinal)) created = Encoding.UTF8.GetString(body);
                var answer = head.StartsWith("HEAD", StringComparison.Ordinal) ? "" : "{\"Id\":\"x\",\"Warnings\":[]}";
                await FakeEngine.WriteAsync(stream, $"HTTP/1.1 201 Created\r\nApi-Version: {version}\r\nContent-Length: {answer.Length}\r\n\r\n{answer}");
            }
        });
        using var client = engine.Connect(blocking: true);
        await client.Containers.CreateAsync(new Tare.Wire.ContainerCreateRequest { Image = "i", MacAddress = "02:00:00:00:00:01" });
        Assert.Equal(sent, created.Contains("02:00:00:00:00:01", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Networks_and_containers_must_have_names()
    {
        using var nobody = new TareClient(new TareClientOptions { Address = EngineAddress.Parse("unix:///nonexistent.sock"), Blocking = true });
        var error = await Assert.ThrowsAsync<Tare.Errors.TareException>(async () => await nobody.Networks.RemoveAsync(" "));
        Assert.Equal("invalid network name or ID: value is empty", error.Message);
        error = await Assert.ThrowsAsync<Tare.Errors.TareException>(async () => await nobody.Networks.DisconnectAsync("n", new Tare.Wire.NetworkDisconnectRequest()));
        Assert.Equal("invalid container name or ID: value is empty", error.Message);
    }

    [Theory]
    [InlineData("unix:///x/y", "unix:///x/y")]
    [InlineData("tcp://h:1/p", "tcp://h:1/p")]
    [InlineData("h", "tcp://h:2375")]
    [InlineData("tcp://[::1]:5", "tcp://[::1]:5")]
    public void Addresses_are_read(string text, string shown) => Assert.Equal(shown, EngineAddress.Parse(text).ToString());

    [Theory]
    [InlineData("foo://x")]
    [InlineData("tcp://h:99999")]
    [InlineData("tcp://a:b:c")]
    [InlineData("unix://tcp://x")]
    public void What_is_no_address_is_refused(string text) => Assert.Throws<Tare.Errors.TareException>(() => EngineAddress.Parse(text));

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}

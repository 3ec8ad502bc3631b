using System.Net.Sockets;
using System.Text;

namespace Tare.Api.Tests;

/// <summary>Attach and exec: connections that leave HTTP.</summary>
public sealed class HijackTests
{
    private const string AttachHead = "POST /v1.50/containers/c/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n";
    private const string Upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

    [Fact]
    public async Task A_clients_end_of_input_loses_no_output()
    {
        await using var server = await ServerFixture.StartAsync();
        for (var i = 0; i < 900; i++)
        {
            using var client = await server.RawAsync();
            var text = $"line {i}\n";
            await client.WriteAsync(AttachHead + Upgrade);
            if (i % 3 == 0)
                Assert.StartsWith("HTTP/1.1 101 UPGRADED", await client.ReadHeadAsync(), StringComparison.Ordinal);
            await client.WriteAsync(text);
            client.CloseWrite();
            if (i % 3 != 0)
                await client.ReadHeadAsync();

            Assert.Equal(text, Frames.Split(await client.ReadToEndAsync()).Stdout);
        }
    }

    [Fact]
    public async Task Megabytes_pass_in_both_directions_at_once()
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => new EchoStreams(terminal: true) });
        using var client = await server.RawAsync();
        await client.WriteAsync(AttachHead + "\r\n");
        await client.ReadHeadAsync();
        var sent = new byte[8 << 20];
        Random.Shared.NextBytes(sent);
        sent.AsSpan().Replace((byte)16, (byte)15);

        var writing = Task.Run(async () =>
        {
            await client.WriteAsync(sent);
            client.CloseWrite();
        });
        var received = await client.ReadToEndAsync();
        await writing;

        Assert.True(sent.AsSpan().SequenceEqual(received), $"{received.Length} of {sent.Length} bytes came back, or others");
    }

    [Theory]
    [InlineData("/v1.50", true, false, "HTTP/1.1 101 UPGRADED", "application/vnd.docker.multiplexed-stream")]
    [InlineData("/v1.41", true, false, "HTTP/1.1 101 UPGRADED", "application/vnd.docker.raw-stream")]
    [InlineData("", true, true, "HTTP/1.1 101 UPGRADED", "application/vnd.docker.raw-stream")]
    [InlineData("/v1.50", false, false, "HTTP/1.1 200 OK", "application/vnd.docker.raw-stream")]
    public async Task The_head_says_what_follows(string version, bool upgrade, bool terminal, string status, string contentType)
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => new EchoStreams(terminal) });
        using var client = await server.RawAsync();
        await client.WriteAsync($"POST {version}/containers/c/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n{(upgrade ? Upgrade : "\r\n")}");
        var head = await client.ReadHeadAsync();
        await client.WriteAsync("x");
        client.CloseWrite();
        var rest = await client.ReadToEndAsync();

        Assert.StartsWith(status, head, StringComparison.Ordinal);
        Assert.Contains("Content-Type: " + contentType + "\r\n", head + "\r\n", StringComparison.Ordinal);
        Assert.Equal(upgrade, head.Contains("Upgrade: tcp", StringComparison.Ordinal));
        Assert.DoesNotContain("Content-Length", head, StringComparison.Ordinal);
        Assert.Equal(terminal ? "x"u8.ToArray() : [1, 0, 0, 0, 0, 0, 0, 1, (byte)'x'], rest);
    }

    [Fact]
    public async Task An_exec_is_created_and_started_on_one_connection_with_a_body_and_an_upgrade()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        const string Create = """{"AttachStdin":true,"AttachStdout":true,"Cmd":["cat"]}""";
        await client.WriteAsync($"POST /v1.44/containers/c/exec HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {Create.Length}\r\n\r\n{Create}");
        var head = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 201 Created", head, StringComparison.Ordinal);
        Assert.Equal("{\"Id\":\"e\"}\n", Encoding.UTF8.GetString(await client.ReadExactlyAsync("{\"Id\":\"e\"}\n".Length)));

        const string Start = """{"Tty":false,"Detach":false}""";
        await client.WriteAsync($"POST /v1.44/exec/e/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: {Start.Length}\r\n\r\n{Start}early ");
        Assert.StartsWith("HTTP/1.1 101 UPGRADED", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.WriteAsync("late");
        client.CloseWrite();

        Assert.Equal("early late", Frames.Split(await client.ReadToEndAsync()).Stdout);
    }

    [Fact]
    public async Task A_chunked_body_ends_before_the_stream_begins()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        await client.WriteAsync("POST /exec/e/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nabc");
        client.CloseWrite();
        Assert.StartsWith("HTTP/1.1 101 UPGRADED", await client.ReadHeadAsync(), StringComparison.Ordinal);

        Assert.Equal("abc", Frames.Split(await client.ReadToEndAsync()).Stdout);
    }

    [Fact]
    public async Task A_detached_exec_answers_and_the_connection_goes_on()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((200, ""), await server.SendAsync("POST", "/exec/e/start", """{"Detach":true}"""));
        Assert.True(server.Engine.ExecStarted!.Detach);
    }

    [Fact]
    public async Task The_head_is_read_before_output_follows_it()
    {
        // The output is there before the head is sent; a client that reads a head and what comes with it gets the head alone.
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => new EchoStreams(terminal: true, "early") });
        for (var i = 0; i < 100; i++)
        {
            using var client = await server.RawAsync();
            await client.WriteAsync("POST /v1.50/exec/e/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
            Assert.EndsWith("\r\n\r\n", await client.ReadOnceAsync(), StringComparison.Ordinal);
            Assert.Equal("early", await client.ReadOnceAsync());
        }
    }

    [Fact]
    public async Task What_fails_before_the_stream_has_a_status()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((404, "No such exec instance: nope"), await server.ErrorAsync("POST", "/exec/nope/start", "{}"));

        server.Engine.Failure = Errors.TareException.NotFound("No such container: zz");
        Assert.Equal((404, "No such container: zz"), await server.ErrorAsync("POST", "/containers/zz/attach?stream=1&stdout=1"));
        server.Engine.Failure = Errors.TareException.Conflict("Container c is not running");
        Assert.Equal((409, "Container c is not running"), await server.ErrorAsync("POST", "/exec/e/start", "{}"));
    }

    [Fact]
    public async Task The_detach_keys_end_the_session_and_not_the_process()
    {
        var streams = new EchoStreams(terminal: true);
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => streams });
        using var client = await server.RawAsync();
        await client.WriteAsync(AttachHead + Upgrade);
        await client.ReadHeadAsync();
        await client.WriteAsync("ab\u0010");
        Assert.Equal("ab"u8.ToArray(), await client.ReadExactlyAsync(2));
        await client.WriteAsync("\u0011");

        Assert.Empty(await client.ReadToEndAsync());
        client.Dispose();
        await streams.Disposed.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(streams.Detached);
    }

    [Fact]
    public async Task Detach_keys_of_the_clients_choice_and_bad_ones()
    {
        var streams = new EchoStreams(terminal: true);
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => streams });
        Assert.Equal((400, "Invalid detach keys (ctrl-ä) provided"), await server.ErrorAsync("POST", "/containers/c/attach?stream=1&stdin=1&detachKeys=ctrl-%C3%A4"));

        using var client = await server.RawAsync();
        await client.WriteAsync(AttachHead.Replace("stream=1", "stream=1&detachKeys=z,z", StringComparison.Ordinal) + Upgrade);
        await client.ReadHeadAsync();
        await client.WriteAsync("\u0010\u0011");
        Assert.Equal("\u0010\u0011"u8.ToArray(), await client.ReadExactlyAsync(2));
        await client.WriteAsync("zz");
        Assert.Empty(await client.ReadToEndAsync());
        Assert.True(streams.Detached);
    }

    [Fact]
    public async Task Without_a_terminal_the_detach_keys_are_input()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        await client.WriteAsync(AttachHead + Upgrade);
        await client.ReadHeadAsync();
        await client.WriteAsync("\u0010\u0011x");
        client.CloseWrite();

        Assert.Equal("\u0010\u0011x", Frames.Split(await client.ReadToEndAsync()).Stdout);
    }

    /// <summary>Closing a unix socket with unread input resets the connection: output that the client has not read yet would be lost.</summary>
    [Fact]
    public async Task A_process_that_leaves_its_input_unread_loses_no_output()
    {
        const int Size = 300_000;
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => new DeafStreams(Size) });
        for (var i = 0; i < 50; i++)
        {
            using var client = await server.RawAsync();
            await client.WriteAsync(AttachHead + Upgrade);
            await client.ReadHeadAsync();
            await client.WriteAsync(new byte[100_000]);
            await Task.Yield();

            Assert.Equal(Size, (await client.ReadToEndAsync()).Length);
        }
    }

    [Fact]
    public async Task A_client_that_vanishes_ends_the_session()
    {
        var streams = new EchoStreams(terminal: true);
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => streams });
        var client = await server.RawAsync();
        await client.WriteAsync(AttachHead + Upgrade);
        await client.ReadHeadAsync();
        client.Dispose();

        await streams.Disposed.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    /// <summary>The docker client closes its end for sending at once when it has no input, and it is still there.</summary>
    [Fact]
    public async Task Without_input_half_a_connection_is_enough_and_none_is_the_end()
    {
        var streams = new EchoStreams();
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => streams });
        var client = await server.RawAsync();
        await client.WriteAsync("POST /v1.50/containers/c/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n" + Upgrade);
        await client.ReadHeadAsync();
        client.CloseWrite();
        foreach (var text in new[] { "a", "b" })
        {
            await streams.WriteStdinAsync(Encoding.UTF8.GetBytes(text), default);
            Assert.Equal(text, Frames.Split(await client.ReadExactlyAsync(9)).Stdout);
        }

        Assert.False(streams.Disposed.Task.IsCompleted);
        client.Dispose();
        await streams.Disposed.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Stopping_the_server_ends_sessions()
    {
        var streams = new EchoStreams(terminal: true);
        var server = await ServerFixture.StartAsync(new FakeBackends { Streams = () => streams });
        using var client = await server.RawAsync();
        await client.WriteAsync(AttachHead + Upgrade);
        await client.ReadHeadAsync();
        var started = TimeProvider.System.GetTimestamp();
        await server.DisposeAsync();

        await streams.Disposed.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(4), "the server waited for a client that only listens");
    }

    [Fact]
    public async Task Hundreds_of_sessions_at_once()
    {
        await using var server = await ServerFixture.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(async i =>
        {
            using var client = await server.RawAsync();
            await client.WriteAsync(AttachHead + Upgrade);
            await client.ReadHeadAsync();
            await client.WriteAsync($"{i}");
            client.Socket.Shutdown(SocketShutdown.Send);
            Assert.Equal($"{i}", Frames.Split(await client.ReadToEndAsync()).Stdout);
        }));
    }
}

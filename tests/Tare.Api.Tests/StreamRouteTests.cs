using System.Text;
using System.Text.Json.Nodes;
using Tare.Wire;

namespace Tare.Api.Tests;

/// <summary>Answers that stay open: logs, wait, events, progress.</summary>
public sealed class StreamRouteTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Logs_come_in_frames()
    {
        await using var server = await ServerFixture.StartAsync();
        using var http = server.Http;
        using var response = await http.GetAsync(new Uri("/v1.50/containers/c/logs?stdout=1&stderr=1&tail=5&since=1&until=2.5&timestamps=1&details=1", UriKind.Relative));

        Assert.Equal(MediaType.MultiplexedStream, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(("out\n", "err\n"), Frames.Split(await response.Content.ReadAsByteArrayAsync()));
        var options = server.Engine.Logged!;
        Assert.True(options is { Stdout: true, Stderr: true, Timestamps: true, Details: true, Follow: false });
        Assert.Equal(("5", "1", "2.5"), (options.Tail, options.Since, options.Until));
    }

    [Fact]
    public async Task Logs_of_a_terminal_are_raw()
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Logs = () => new FixedOutput(terminal: true, (1, "a"), (1, "b")) });
        using var http = server.Http;
        using var response = await http.GetAsync(new Uri("/containers/c/logs?stdout=1", UriKind.Relative));

        Assert.Equal(MediaType.RawStream, response.Content.Headers.ContentType!.ToString());
        Assert.Equal("ab", await response.Content.ReadAsStringAsync());
        Assert.Equal("all", server.Engine.Logged!.Tail);
    }

    [Fact]
    public async Task Followed_logs_are_flushed_at_once_and_end_with_the_client()
    {
        var output = new FedOutput();
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Logs = () => output });
        var client = await server.RawAsync();
        await client.WriteAsync("GET /containers/c/logs?stdout=1&follow=1 HTTP/1.0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", await client.ReadHeadAsync(), StringComparison.Ordinal);
        foreach (var text in new[] { "a", "b" })
        {
            output.Feed.Writer.TryWrite(text);
            Assert.Equal([1, 0, 0, 0, 0, 0, 0, 1, (byte)text[0]], await client.ReadExactlyAsync(9));
        }

        client.Dispose();
        await output.Disposed.Task.WaitAsync(Long);
    }

    [Fact]
    public async Task Wait_sends_its_head_before_the_end()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        await client.WriteAsync("POST /v1.50/containers/c/wait?condition=next-exit HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(["wait c NextExit"], server.Engine.Calls);

        server.Engine.Waiting.SetResult(new ContainerWaitResponse { StatusCode = 137 });
        Assert.Contains("{\"StatusCode\":137}\n", Encoding.UTF8.GetString(await client.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_of_old_versions_answers_in_one_piece()
    {
        await using var server = await ServerFixture.StartAsync();
        server.Engine.Waiting.SetResult(new ContainerWaitResponse { StatusCode = 1 });
        Assert.Equal((200, "{\"StatusCode\":1}\n"), await server.SendAsync("POST", "/v1.29/containers/c/wait?condition=removed"));
        Assert.Equal(["wait c NotRunning"], server.Engine.Calls);
    }

    [Fact]
    public async Task Wait_ends_with_the_client()
    {
        await using var server = await ServerFixture.StartAsync();
        var client = await server.RawAsync();
        await client.WriteAsync("POST /containers/c/wait HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n");
        await client.ReadHeadAsync();
        client.Dispose();
        await server.Engine.WaitCancelled.Task.WaitAsync(Long);
    }

    [Fact]
    public async Task Wait_for_the_unknown_is_404()
    {
        await using var server = await ServerFixture.StartAsync();
        server.Engine.Waiting.SetException(Errors.TareException.NotFound("No such container: c"));
        Assert.Equal((404, "No such container: c"), await server.ErrorAsync("POST", "/containers/c/wait"));
    }

    [Theory]
    [InlineData("/v1.51/events", "", "application/json", true)]
    [InlineData("/v1.52/events", "", "application/jsonl", false)]
    [InlineData("/v1.52/events", "Accept: application/json-seq\r\n", "application/json-seq", false)]
    [InlineData("/v1.45/events", "Accept: application/x-ndjson;q=0.5, application/jsonl;q=0\r\n", "application/x-ndjson", true)]
    public async Task Events_flow_in_the_form_that_is_asked_for(string target, string accept, string contentType, bool legacy)
    {
        await using var server = await ServerFixture.StartAsync();
        var client = await server.RawAsync();
        await client.WriteAsync($"GET {target}?since=1&until=99999999999.5 HTTP/1.0\r\n{accept}\r\n");
        Assert.Contains("Content-Type: " + contentType + "\r\n", await client.ReadHeadAsync() + "\r\n", StringComparison.Ordinal);
        server.Engine.Happening.Writer.TryWrite(new EventMessage
        {
            Type = "container",
            Action = "die",
            Actor = new EventActor { ID = "c", Attributes = new Dictionary<string, string> { ["image"] = "i" } },
            TimeNano = 5,
        });
        var expected = (contentType == MediaType.JsonSequence ? "\u001e" : "")
            + (legacy ? "{\"status\":\"die\",\"id\":\"c\",\"from\":\"i\"," : "{")
            + "\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"c\",\"Attributes\":{\"image\":\"i\"}},\"timeNano\":5}\n";

        Assert.Equal(expected, Encoding.UTF8.GetString(await client.ReadExactlyAsync(expected.Length)));
        Assert.Equal(["events 1 99999999999.5"], server.Engine.Calls);
        client.Dispose();
        await server.Engine.EventsCancelled.Task.WaitAsync(Long);
    }

    [Theory]
    [InlineData("since=x", "invalid value for 'since': invalid timestamp \"x\": it has to be seconds since 1970, with or without a fraction")]
    [InlineData("since=5&until=4", "`since` time (5) cannot be after `until` time (4)")]
    [InlineData("filters=[", "invalid filter")]
    public async Task Events_refuse_bad_times(string query, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, message), await server.ErrorAsync("GET", "/events?" + query));
    }

    [Fact]
    public async Task Image_creations_are_events_from_1_46_on()
    {
        await using var server = await ServerFixture.StartAsync();
        foreach (var action in new[] { "create", "tag" })
            server.Engine.Happening.Writer.TryWrite(new EventMessage { Type = "image", Action = action });
        server.Engine.Happening.Writer.Complete();
        var (_, body) = await server.SendAsync("GET", "/v1.45/events");
        Assert.DoesNotContain("create", body, StringComparison.Ordinal);
        Assert.Contains("tag", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Loading_streams_a_body_of_any_length()
    {
        await using var server = await ServerFixture.StartAsync();
        using var http = server.Http;
        using var content = new StreamContent(new MemoryStream(new byte[50 << 20]));
        using var response = await http.PostAsync(new Uri("/v1.50/images/load?quiet=0", UriKind.Relative), content);

        Assert.Equal(50 << 20, server.Engine.Received);
        Assert.Equal(["load quiet=False"], server.Engine.Calls);
        Assert.Equal("{\"stream\":\"Loaded\\n\"}\r\n", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_failed_load_says_so_on_the_stream()
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Failure = Errors.TareException.Invalid("broken"), Progress = [] });
        var (status, body) = await server.SendAsync("POST", "/images/load");
        Assert.Equal((200, "{\"errorDetail\":{\"message\":\"broken\"},\"error\":\"broken\"}\r\n"), (status, body));
    }

    [Fact]
    public async Task Import_takes_name_changes_and_message()
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, _) = await server.SendAsync("POST", "/images/create?fromSrc=-&repo=a/b&tag=c&changes=CMD+%5B%22sh%22%5D&changes=ENV+A%3Db&platform=linux/arm64");
        Assert.Equal(200, status);
        Assert.Equal(["import a/b:c [CMD [\"sh\"]|ENV A=b] Imported from - linux/arm64"], server.Engine.Calls);
    }

    [Fact]
    public async Task An_import_that_fails_early_has_a_status()
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Failure = Errors.TareException.Invalid("invalid reference format") });
        Assert.Equal((400, "invalid reference format"), await server.ErrorAsync("POST", "/images/create?fromSrc=-&repo=UPPER"));
    }

    [Fact]
    public async Task Images_are_shaped_by_version()
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, old) = await server.JsonAsync("GET", "/v1.42/images/json?all=1");
        var (_, now) = await server.JsonAsync("GET", "/images/json");
        Assert.Equal("<none>:<none>", old![0]!["RepoTags"]![0]!.GetValue<string>());
        Assert.Equal(7, old[0]!["VirtualSize"]!.GetValue<long>());
        Assert.False(now![0]!.AsObject().ContainsKey("VirtualSize"));
        Assert.Empty(now[0]!["RepoTags"]!.AsArray());

        var (_, oldest) = await server.JsonAsync("GET", "/v1.44/images/a/json");
        var (_, older) = await server.JsonAsync("GET", "/v1.51/images/a/json");
        var (_, newest) = await server.JsonAsync("GET", "/images/a/json");
        Assert.True(oldest!["Config"]!.AsObject().ContainsKey("Tty") && oldest.AsObject().ContainsKey("ContainerConfig"));
        Assert.Equal(["User", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "OnBuild"], older!["Config"]!.AsObject().Select(p => p.Key));
        Assert.Equal(["Cmd"], newest!["Config"]!.AsObject().Select(p => p.Key));
        Assert.Equal("", older["Author"]!.GetValue<string>());
        Assert.False(newest.AsObject().ContainsKey("Author"));
    }

    [Fact]
    public async Task Images_are_removed_tagged_and_listed()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((200, "[{\"Untagged\":\"a/b:c\"}]\n"), await server.SendAsync("DELETE", "/images/a/b:c?force=1&noprune=1"));
        Assert.Equal(201, (await server.SendAsync("POST", "/images/a/b/tag?repo=x&tag=y")).Status);
        Assert.Equal((400, "image name cannot be blank"), await server.ErrorAsync("DELETE", "/images/%20"));
        await server.SendAsync("GET", "/v1.24/images/json?filter=busy*");
        Assert.Equal(["rmi a/b:c force=True prune=False", "tag a/b x:y", "images False busy*"], server.Engine.Calls);
    }

    [Fact]
    public async Task What_images_stand_for_on_other_platforms_is_listed_and_removed_by_clients_that_know_it()
    {
        const string wanted = "%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22s390x%22%7D";
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("GET", "/images/json?shared-size=1&manifests=1");
        await server.SendAsync("GET", "/v1.41/images/json?shared-size=1&manifests=1");
        await server.SendAsync("GET", "/images/a/json?manifests=1");
        await server.SendAsync("GET", "/v1.47/images/a/json?manifests=1");
        Assert.Equal((400, "conflicting options: manifests and platform options cannot both be set"), await server.ErrorAsync("GET", "/images/a/json?manifests=1&platform=" + wanted));
        await server.SendAsync("DELETE", $"/images/a?platforms={wanted}&platforms={wanted}");
        await server.SendAsync("DELETE", $"/v1.49/images/a?platforms={wanted}");
        Assert.Equal(400, (await server.SendAsync("DELETE", "/images/a?platforms=x")).Status);
        Assert.Equal(
            [
                "images False shared manifests", "images False", "image a  manifests", "image a",
                "rmi a linux/s390x linux/s390x force=False prune=True", "rmi a force=False prune=True",
            ],
            server.Engine.Calls);
    }

    [Fact]
    public async Task Info_is_shaped_by_version()
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, old) = await server.JsonAsync("GET", "/v1.48/info");
        var (_, now) = await server.JsonAsync("GET", "/v1.50/info");
        Assert.Equal("r", old!["RuncCommit"]!["Expected"]!.GetValue<string>());
        Assert.False(old.AsObject().ContainsKey("FirewallBackend"));
        Assert.True(old.AsObject().ContainsKey("BridgeNfIptables"));
        Assert.Null(now!["RuncCommit"]!["Expected"]);
        Assert.True(now.AsObject().ContainsKey("FirewallBackend"));
        Assert.False(now.AsObject().ContainsKey("BridgeNfIptables"));
    }

    [Fact]
    public async Task Version_names_the_API()
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, body) = await server.JsonAsync("GET", "/version");
        Assert.Equal("1.56", body!["ApiVersion"]!.GetValue<string>());
    }
}

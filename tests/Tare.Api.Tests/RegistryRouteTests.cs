using System.Text;
using System.Text.Json.Nodes;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Tests;

/// <summary>Pull, push, login, search and the look into a registry, with Docker 28.5's texts and statuses.</summary>
public sealed class RegistryRouteTests
{
    private const string Zeros = "0000000000000000000000000000000000000000000000000000000000000000";

    [Theory]
    [InlineData("fromImage=alpine", "pull docker.io/library/alpine []  :::")]
    [InlineData("fromImage=alpine:3", "pull docker.io/library/alpine [3]  :::")]
    [InlineData("fromImage=alpine&tag=latest", "pull docker.io/library/alpine [latest]  :::")]
    [InlineData("fromImage=alpine:3&tag=4", "pull docker.io/library/alpine [4]  :::")]
    [InlineData("fromImage=docker.io%2Flibrary%2Falpine%3A", "pull docker.io/library/alpine []  :::")]
    [InlineData("fromImage=h:5000/a/b&tag=sha256:" + Zeros, "pull h:5000/a/b [sha256:" + Zeros + "]  :::")]
    [InlineData("fromImage=h:5000/a/b:c@sha256:" + Zeros, "pull h:5000/a/b [sha256:" + Zeros + "]  :::")]
    [InlineData("fromImage=a&tag=b&platform=linux/arm64", "pull docker.io/library/a [b] linux/arm64 :::")]
    [InlineData("fromImage=a&tag=b&platform=linux/aarch64", "pull docker.io/library/a [b] linux/arm64 :::")]
    [InlineData("fromImage=a&tag=b&platform=linux/arm/v7", "pull docker.io/library/a [b] linux/arm/v7 :::")]
    public async Task Pull_names_the_image(string query, string call)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal(200, (await server.SendAsync("POST", "/v1.51/images/create?" + query)).Status);
        Assert.Equal([call], server.Engine.Calls);
    }

    [Theory]
    [InlineData("images/create?fromImage=Bad", 400, "invalid reference format: repository name (library/Bad) must be lowercase")]
    [InlineData("images/create?fromImage=a&tag=b%20c", 400, "invalid tag format")]
    [InlineData("images/create?fromImage=scratch", 403, "'scratch' is a reserved name")]
    [InlineData("images/create?fromImage=a&platform=foo", 400, "\"foo\": unknown operating system or architecture: invalid argument")]
    [InlineData("images/create?fromImage=a&platform=a/b/c/d", 400, "\"a/b/c/d\": cannot parse platform specifier: invalid argument")]
    [InlineData("images/Bad/push", 400, "invalid reference format: repository name (library/Bad) must be lowercase")]
    [InlineData("images/a@sha256:" + Zeros + "/push?tag=x", 400, "cannot import digest reference")]
    [InlineData("images/a/push?platform=linux", 400, "failed to parse platform: it is no JSON object with os and architecture")]
    [InlineData("images/a/push?platform=%7B%22variant%22:%22v8%22%7D", 400, "optional platform fields provided, but OS and Architecture are missing")]
    [InlineData("images/a/push?platform=%7B%22os%22:%22linux%22%7D", 400, "both OS and Architecture must be provided")]
    public async Task What_makes_no_sense_is_refused_before_anybody_is_asked(string target, int status, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((status, message), await server.ErrorAsync("POST", "/v1.51/" + target));
        Assert.Empty(server.Engine.Calls);
    }

    [Theory]
    [InlineData("1.51", "images/h:5/a/b/push?tag=v1", "push h:5/a/b [v1]  :::")]
    [InlineData("1.51", "images/h:5/a/b/push", "push h:5/a/b []  :::")]
    [InlineData("1.51", "images/a/push?tag=v1&platform=%7B%22os%22:%22linux%22,%22architecture%22:%22arm%22,%22variant%22:%22v7%22%7D", "push docker.io/library/a [v1] linux/arm/v7 :::")]
    [InlineData("1.45", "images/a/push?tag=v1&platform=linux", "push docker.io/library/a [v1]  :::")]
    public async Task Push_names_the_image(string version, string target, string call)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal(200, (await server.SendAsync("POST", $"/v{version}/{target}")).Status);
        Assert.Equal([call], server.Engine.Calls);
    }

    [Theory]
    [InlineData("""{"username":"u","password":"p","serveraddress":"h"}""", "u:p::")]
    [InlineData("""{"Username":"u","Password":"p"}""", "u:p::")]
    [InlineData("""{"auth":"dTpwOnE="}""", "u:p:q::")]
    [InlineData("""{"auth":"*"}""", ":::")]
    [InlineData("""{"identitytoken":"i","registrytoken":"r"}""", "::i:r")]
    [InlineData("no JSON", ":::")]
    public async Task Credentials_come_in_the_header(string json, string credentials)
    {
        await using var server = await ServerFixture.StartAsync();
        using var http = server.Http;
        foreach (var (method, target, call) in new[]
        {
            ("POST", "images/create?fromImage=a&tag=b", "pull docker.io/library/a [b]  "),
            ("POST", "images/a/push?tag=b", "push docker.io/library/a [b]  "),
            ("GET", "images/search?term=a", "search a 0  "),
            ("GET", "distribution/a/json", "distribution a "),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/v1.51/" + target);
            request.Headers.TryAddWithoutValidation(AuthConfig.Header, Convert.ToBase64String(Encoding.UTF8.GetBytes(json)).Replace('+', '-').Replace('/', '_'));
            using var response = await http.SendAsync(request);
            Assert.True(response.IsSuccessStatusCode);
            Assert.Equal(call + credentials, server.Engine.Calls[^1]);
        }
    }

    [Theory]
    [InlineData("images/create?fromImage=a&tag=b")]
    [InlineData("images/a/push?tag=b")]
    public async Task An_error_before_the_first_message_has_a_status(string target)
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Progress = [], Failure = TareException.NotFound("manifest for a:b not found: manifest unknown: manifest unknown") });
        Assert.Equal((404, "manifest for a:b not found: manifest unknown: manifest unknown"), await server.ErrorAsync("POST", "/v1.51/" + target));
    }

    [Theory]
    [InlineData("images/create?fromImage=a&tag=b")]
    [InlineData("images/a/push?tag=b")]
    public async Task An_error_after_it_comes_in_the_stream(string target)
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Progress = [new() { Status = "Pulling from a", Id = "b" }], Failure = TareException.NotFound("gone") });
        var (status, body) = await server.SendAsync("POST", "/v1.51/" + target);
        Assert.Equal(200, status);
        Assert.Equal("{\"status\":\"Pulling from a\",\"id\":\"b\"}\r\n{\"errorDetail\":{\"message\":\"gone\"},\"error\":\"gone\"}\r\n", body);
    }

    [Fact]
    public async Task A_fault_of_ours_is_told_too()
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Progress = [new() { Status = "Pulling from a", Id = "b" }], Failure = new InvalidOperationException("a fault") });
        Assert.Equal(
            (200, "{\"status\":\"Pulling from a\",\"id\":\"b\"}\r\n{\"errorDetail\":{\"message\":\"a fault\"},\"error\":\"a fault\"}\r\n"),
            await server.SendAsync("POST", "/v1.51/images/create?fromImage=a&tag=b"));
    }

    [Theory]
    [InlineData("1.51", true)]
    [InlineData("1.52", false)]
    public async Task Old_clients_get_the_bar_drawn(string version, bool drawn)
    {
        var message = new ProgressMessage { Id = "l", Status = "Downloading", ProgressDetail = new ProgressDetail { Current = 50, Total = 100 } };
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Progress = [message, new() { Id = "l", Status = "Waiting", ProgressDetail = new ProgressDetail() }] });
        var lines = (await server.SendAsync("POST", $"/v{version}/images/create?fromImage=a&tag=b")).Body.Split("\r\n");
        Assert.Equal(drawn ? "[=========================>                         ]      50B/100B" : null, JsonNode.Parse(lines[0])!["progress"]?.GetValue<string>());
        Assert.Equal("""{"status":"Waiting","progressDetail":{},"id":"l"}""", lines[1]);
    }

    [Fact]
    public async Task Each_message_is_sent_at_once_and_whoever_goes_away_ends_the_transfer()
    {
        var engine = new FakeBackends { Progress = [new() { Status = "one" }], TransferGoesOn = new TaskCompletionSource().Task };
        await using var server = await ServerFixture.StartAsync(engine);
        using (var client = await server.RawAsync())
        {
            await client.WriteAsync("POST /v1.51/images/create?fromImage=a&tag=b HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 OK", await client.ReadHeadAsync(), StringComparison.Ordinal);
        }

        await engine.TransferCancelled.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("1.51", """{"IdentityToken":"","Status":"Login Succeeded"}""")]
    [InlineData("1.52", """{"Status":"Login Succeeded"}""")]
    public async Task Login(string version, string answer)
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, body) = await server.SendAsync("POST", $"/v{version}/auth", """{"username":"u","password":"p","email":"x","serveraddress":"h:5"}""");
        Assert.Equal((200, answer + "\n"), (status, body));
        Assert.Equal(["login h:5 u:p::"], server.Engine.Calls);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("null")]
    [InlineData("{")]
    public async Task Login_without_a_document(string? json)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal(400, (await server.ErrorAsync("POST", "/v1.51/auth", json)).Status);
        Assert.Empty(server.Engine.Calls);
    }

    [Fact]
    public async Task Search()
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, body) = await server.SendAsync("GET", "/v1.51/images/search?term=h%3A5%2Fx&limit=7&filters=%7B%22stars%22%3A%7B%223%22%3Atrue%7D%7D");
        Assert.Equal((200, """[{"star_count":3,"is_official":false,"name":"x/y","is_automated":false,"description":""}]""" + "\n"), (status, body));
        Assert.Equal(["search h:5/x 7 3 :::"], server.Engine.Calls);
    }

    [Theory]
    [InlineData("limit=a", "invalid limit specified: strconv.Atoi: parsing \"a\": invalid syntax")]
    [InlineData("limit=-1", "invalid limit specified: -1 is negative")]
    [InlineData("filters=x", "invalid filter")]
    public async Task Search_with_a_wrong_query(string query, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, message), await server.ErrorAsync("GET", "/v1.51/images/search?term=x&" + query));
    }

    [Fact]
    public async Task Distribution_inspect()
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, body) = await server.SendAsync("GET", "/v1.51/distribution/h:5/a/b:c/json");
        Assert.Equal((200, """{"Descriptor":{"mediaType":"m","digest":"sha256:0","size":5},"Platforms":null}""" + "\n"), (status, body));
        Assert.Equal(["distribution h:5/a/b:c :::"], server.Engine.Calls);
        Assert.Equal((400, "GET /distribution/{name}/json requires minimum API version 1.30"), await server.ErrorAsync("GET", "/v1.29/distribution/a/json"));
    }
}

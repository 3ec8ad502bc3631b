using System.Net.Http.Headers;
using System.Text;
using Tare.Api.Http;
using Tare.Api.Routes;

namespace Tare.Api.Tests;

/// <summary>From an address to an operation, and what is said when there is none.</summary>
public sealed class RouteTests
{
    [Theory]
    [InlineData("/_ping")]
    [InlineData("/v1.24/_ping")]
    [InlineData("/v1.56/_ping")]
    public async Task Ping_answers_in_every_version_and_says_what_it_can_do(string target)
    {
        await using var server = await ServerFixture.StartAsync();
        using var http = server.Http;
        using var response = await http.GetAsync(new Uri(target, UriKind.Relative));

        Assert.Equal("OK", await response.Content.ReadAsStringAsync());
        Assert.Equal("1.56", Header(response, "Api-Version"));
        Assert.Equal("false", Header(response, "Docker-Experimental"));
        Assert.Equal("linux", Header(response, "Ostype"));
        Assert.Equal("Tare/9.9 (linux)", Header(response, "Server"));
        Assert.Equal("inactive", Header(response, "Swarm"));
        Assert.Equal("1", Header(response, "Builder-Version"));
        Assert.Equal("no-cache, no-store, must-revalidate", response.Headers.NonValidated["Cache-Control"].ToString());
    }

    [Fact]
    public async Task Ping_by_HEAD_has_no_body()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        await client.WriteAsync("HEAD /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
        var head = await client.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 200 OK", head, StringComparison.Ordinal);
        Assert.Contains("Content-Length: 0", head, StringComparison.Ordinal);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData("GET", "/nope")]
    [InlineData("GET", "/")]
    [InlineData("GET", "/v1.41")]
    [InlineData("GET", "/v1.41/")]
    [InlineData("GET", "/v1.41/nope")]
    [InlineData("GET", "/v1.99/nope")]
    [InlineData("GET", "/vx/info")]
    [InlineData("POST", "/info")]
    [InlineData("GET", "/containers/c/start")]
    [InlineData("BREW", "/info")]
    public async Task An_address_that_is_none(string method, string target)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((404, "page not found"), await server.ErrorAsync(method, target));
    }

    [Theory]
    [InlineData("/v1.57/info", "client version 1.57 is too new. Maximum supported API version is 1.56")]
    [InlineData("/v2.0/info", "client version 2.0 is too new. Maximum supported API version is 1.56")]
    [InlineData("/v1.99/containers/c/json", "client version 1.99 is too new. Maximum supported API version is 1.56")]
    public async Task A_client_that_is_too_new(string target, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, message), await server.ErrorAsync("GET", target));
    }

    [Theory]
    [InlineData("/v1.23/info", "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n")]
    [InlineData("/v1/info", "client version 1 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version\n")]
    public async Task A_client_that_is_too_old_gets_plain_text(string target, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, message), await server.SendAsync("GET", target));
    }

    [Fact]
    public async Task An_operation_that_came_later()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, "POST /containers/prune requires minimum API version 1.25"), await server.ErrorAsync("POST", "/v1.24/containers/prune"));
        Assert.Equal(200, (await server.SendAsync("POST", "/v1.25/containers/prune")).Status);
    }

    [Fact]
    public async Task OPTIONS_is_answered_everywhere()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((200, ""), await server.SendAsync("OPTIONS", "/anything"));
    }

    [Fact]
    public async Task Doubled_slashes_count_once()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        await client.WriteAsync("POST //v1.41//containers//c/start HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 204", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(["start c"], server.Engine.Calls);
    }

    [Theory]
    [InlineData("/images/registry.example:5000/a/b/json", "image registry.example:5000/a/b")]
    [InlineData("/images/a%2Fb%3Ac/json", "image a/b:c")]
    [InlineData("/images/json/json", "image json")]
    [InlineData("/v1.30/containers/%C3%A4%20b/json?size=true", "inspect ä b True")]
    [InlineData("/containers/c/json?size=0", "inspect c False")]
    public async Task Names_are_decoded_and_may_have_slashes(string target, string call)
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        await client.WriteAsync($"GET {target} HTTP/1.1\r\nHost: d\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal([call], server.Engine.Calls);
    }

    /// <summary>Every operation of the specification is answered by something: served, refused by name, or outside of a swarm.</summary>
    [Fact]
    public void Every_operation_has_a_route()
    {
        var table = AllRoutes.Of(new FakeBackends().All, new ApiOptions { Hosts = [] });
        var operations = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Data", "operations.txt"));
        Assert.Equal(108, operations.Length);
        foreach (var operation in operations)
        {
            var (method, path) = (operation.Split(' ')[0], operation.Split(' ')[1]);
            var route = table.Find(method, path.Replace("{id}", "x", StringComparison.Ordinal).Replace("{name}", "x", StringComparison.Ordinal), out _);
            Assert.True(route is not null, operation);
            Assert.Equal(Shape(path), Shape(route.Pattern));
        }
    }

    [Theory]
    [InlineData("GET", "/containers/c/stats", "this engine does not support ContainerStats (GET /containers/{id}/stats) yet")]
    [InlineData("POST", "/build", "this engine does not support ImageBuild (POST /build) yet")]
    public async Task What_is_not_there_yet_says_so_by_name(string method, string target, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((501, message), await server.ErrorAsync(method, target));
    }

    [Fact]
    public async Task There_is_no_swarm_and_no_plugin()
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, message) = await server.ErrorAsync("GET", "/nodes");
        Assert.Equal(503, status);
        Assert.StartsWith("This node is not a swarm manager.", message, StringComparison.Ordinal);
        Assert.Equal((200, "[]\n"), await server.SendAsync("GET", "/plugins"));
        Assert.Equal((404, "plugin \"nosuch\" not found"), await server.ErrorAsync("GET", "/plugins/nosuch/json"));
    }

    [Fact]
    public async Task A_connection_serves_many_requests()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        for (var i = 0; i < 20; i++)
        {
            await client.WriteAsync("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200", await client.ReadHeadAsync(), StringComparison.Ordinal);
            Assert.Equal("OK"u8.ToArray(), await client.ReadExactlyAsync(2));
        }
    }

    /// <summary>The server looks at its connections once a second, and must find nothing to do.</summary>
    [Fact]
    public async Task An_idle_connection_is_kept()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        for (var i = 0; i < 2; i++)
        {
            await client.WriteAsync("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200", await client.ReadHeadAsync(), StringComparison.Ordinal);
            Assert.Equal("OK"u8.ToArray(), await client.ReadExactlyAsync(2));
            await Task.Delay(TimeSpan.FromSeconds(2.5));
        }
    }

    [Fact]
    public void The_table_prefers_the_special_route()
    {
        var table = AllRoutes.Of(new FakeBackends().All, new ApiOptions { Hosts = [] });
        Assert.Equal("/containers/json", table.Find("GET", "/containers/json", out _)!.Pattern);
        Assert.Equal("/containers/prune", table.Find("POST", "/containers/prune", out _)!.Pattern);
        Assert.Equal("/images/get", table.Find("GET", "/images/get", out _)!.Pattern);
        var route = table.Find("GET", "/images/a/b/json", out var variable)!;
        Assert.Equal(("/images/{name}/json", "a/b"), (route.Pattern, "/images/a/b/json"[variable]));
    }

    [Theory]
    [InlineData("1.24", "1.24", 0)]
    [InlineData("1.9", "1.24", -1)]
    [InlineData("2", "1.56", 1)]
    [InlineData("1.44.1", "1.44", 0)]
    public void Versions_are_compared_by_number(string left, string right, int expected)
        => Assert.Equal(expected, ApiVersion.Parse(left).CompareTo(ApiVersion.Parse(right)));

    [Theory]
    [InlineData("", "df All")]
    [InlineData("?type=container", "df Containers")]
    [InlineData("?type=image&type=volume", "df Images, Volumes")]
    [InlineData("?type=build-cache", "df BuildCache")]
    public async Task What_is_asked_for_is_measured(string query, string call)
    {
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("GET", "/v1.51/system/df" + query);
        Assert.Equal([call], server.Engine.Calls);
        Assert.Equal((400, """{"message":"unknown object type: disk"}""" + "\n"), await server.SendAsync("GET", "/system/df?type=disk"));
    }

    [Fact]
    public async Task Disk_usage_is_lists_in_old_versions_and_sums_in_new_ones()
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, old) = await server.SendAsync("GET", "/v1.44/system/df?type=image");
        Assert.StartsWith("""{"LayersSize":1000,"Images":[{"Containers":1,""", old, StringComparison.Ordinal);
        Assert.EndsWith(",\"Containers\":null,\"Volumes\":null,\"BuildCache\":null}\n", old, StringComparison.Ordinal);
        Assert.Equal(
            """{"ImageUsage":{"ActiveCount":1,"TotalCount":2,"TotalSize":1000,"Reclaimable":800},"ContainerUsage":{"ActiveCount":1,"TotalCount":2,"TotalSize":17,"Reclaimable":7},"VolumeUsage":{},"BuildCacheUsage":{}}""" + "\n",
            (await server.SendAsync("GET", "/v1.56/system/df")).Body);
        Assert.Contains("\"Items\":[{", (await server.SendAsync("GET", "/v1.56/system/df?verbose=1")).Body, StringComparison.Ordinal);
    }

    private static string Shape(string pattern) => System.Text.RegularExpressions.Regex.Replace(pattern, "{[^}]*}", "{}");

    private static string Header(HttpResponseMessage response, string name)
        => ((HttpHeaders)response.Headers).TryGetValues(name, out var values) ? string.Join(' ', values) : "";
}

using System.Text.Json.Nodes;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Api.Tests;

/// <summary>What the container operations make of a request, and of an answer.</summary>
public sealed class ContainerRouteTests
{
    [Theory]
    [InlineData("POST", "/containers/c/start", "start c", 204)]
    [InlineData("POST", "/containers/c/stop", "stop c", 204)]
    [InlineData("POST", "/containers/c/stop?t=-1&signal=USR1", "stop c USR1 -1", 204)]
    [InlineData("POST", "/v1.41/containers/c/stop?t=5&signal=USR1", "stop c  5", 204)]
    [InlineData("POST", "/containers/c/restart?t=0", "restart c  0", 204)]
    [InlineData("POST", "/containers/c/kill", "kill c", 204)]
    [InlineData("POST", "/containers/c/kill?signal=9", "kill c 9", 204)]
    [InlineData("POST", "/containers/c/pause", "pause c", 204)]
    [InlineData("POST", "/containers/c/unpause", "unpause c", 204)]
    [InlineData("POST", "/containers/c/rename?name=d+e", "rename c d e", 204)]
    [InlineData("POST", "/containers/c/resize?h=24&w=80", "resize c 24x80", 200)]
    [InlineData("POST", "/exec/e/resize?h=24&w=80", "exec resize e 24x80", 200)]
    [InlineData("DELETE", "/containers/c?force=1&v=true&link=no", "remove c force=True v=True link=False", 204)]
    [InlineData("GET", "/containers/c/top?ps_args=aux", "top c aux", 200)]
    [InlineData("GET", "/containers/c/json?size=1", "inspect c True", 200)]
    [InlineData("POST", "/containers/prune?filters=%7B%22label%22%3A%5B%22a%22%5D%7D", "prune", 200)]
    public async Task Requests_reach_the_engine(string method, string target, string call, int status)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal(status, (await server.SendAsync(method, target)).Status);
        Assert.Equal([call], server.Engine.Calls);
    }

    [Theory]
    [InlineData("POST", "/containers/c/stop?t=x", "strconv.Atoi: parsing \"x\": invalid syntax")]
    [InlineData("GET", "/containers/json?limit=99999999999", "strconv.Atoi: parsing \"99999999999\": value out of range")]
    [InlineData("GET", "/containers/json?filters=x", "invalid filter")]
    [InlineData("GET", "/containers/json?a;b", "invalid semicolon separator in query")]
    [InlineData("POST", "/containers/c/resize?h=a&w=1", "invalid resize height \"a\": invalid syntax")]
    [InlineData("POST", "/containers/c/resize?h=-1&w=1", "invalid resize height \"-1\": value out of range")]
    [InlineData("POST", "/containers/c/resize?h=1", "invalid resize width \"\": invalid syntax")]
    [InlineData("GET", "/containers/c/logs", "Bad parameters: you must choose at least one stream")]
    [InlineData("POST", "/containers/c/wait?condition=zz", "invalid condition: \"zz\"")]
    public async Task Bad_parameters_are_refused_in_Dockers_words(string method, string target, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, message), await server.ErrorAsync(method, target));
        Assert.Empty(server.Engine.Calls);
    }

    [Fact]
    public async Task A_bad_escape_is_refused()
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        await client.WriteAsync("GET /containers/json?all=%zz HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("{\"message\":\"invalid URL escape \\\"%zz\\\"\"}\n"u8.ToArray(), await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData(ErrorKind.InvalidArgument, 400)]
    [InlineData(ErrorKind.Unauthorized, 401)]
    [InlineData(ErrorKind.Forbidden, 403)]
    [InlineData(ErrorKind.NotFound, 404)]
    [InlineData(ErrorKind.Conflict, 409)]
    [InlineData(ErrorKind.Internal, 500)]
    [InlineData(ErrorKind.NotImplemented, 501)]
    [InlineData(ErrorKind.Unavailable, 503)]
    public async Task Every_kind_of_error_has_its_status(ErrorKind kind, int status)
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Failure = new TareException(kind, "why <not>") });
        Assert.Equal((status, "why <not>"), await server.ErrorAsync("GET", "/containers/json"));
    }

    [Fact]
    public async Task Nothing_to_do_is_304_without_a_body()
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Failure = new TareException(ErrorKind.NotModified, "is running") });
        Assert.Equal((304, ""), await server.SendAsync("POST", "/containers/c/start"));
    }

    [Fact]
    public async Task A_failed_kill_has_the_engines_words_and_no_others()
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Failure = TareException.Conflict("cannot kill container: c: container c is not running") });
        Assert.Equal((409, "cannot kill container: c: container c is not running"), await server.ErrorAsync("POST", "/containers/c/kill"));
    }

    [Fact]
    public async Task A_bug_is_told_and_logged_and_leaves_the_server_running()
    {
        await using var server = await ServerFixture.StartAsync(new FakeBackends { Failure = new InvalidOperationException("bug") });
        Assert.Equal((500, "bug"), await server.ErrorAsync("GET", "/containers/json"));
        server.Engine.Failure = null;
        Assert.Equal(200, (await server.SendAsync("GET", "/containers/json")).Status);
    }

    [Fact]
    public async Task Lists_take_their_options_from_the_query()
    {
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("GET", "/containers/json?all=TRUE&limit=3&size=1&filters=" + Uri.EscapeDataString("""{"status":{"running":true},"name":["a","b"]}"""));

        var options = server.Engine.Listed!;
        Assert.True(options.All && options.Size);
        Assert.Equal(3, options.Limit);
        Assert.Equal(["running"], options.Filters.Get("status"));
        Assert.Equal(["a", "b"], options.Filters.Get("name"));
    }

    [Theory]
    [InlineData("/v1.51/containers/json", false)]
    [InlineData("/v1.52/containers/json", true)]
    public async Task Lists_have_health_from_1_52_on(string target, bool has)
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, body) = await server.JsonAsync("GET", target);
        Assert.Equal(has, body![0]!.AsObject().ContainsKey("Health"));
    }

    [Theory]
    [InlineData("/v1.51/containers/c/json", true)]
    [InlineData("/v1.52/containers/c/json", false)]
    public async Task Inspect_has_the_flat_network_settings_up_to_1_51(string target, bool has)
    {
        await using var server = await ServerFixture.StartAsync();
        server.Engine.Container = server.Engine.Container with
        {
            NetworkSettings = new NetworkSettings { Networks = new Dictionary<string, EndpointSettings?> { ["bridge"] = new() { IPAddress = "172.17.0.2" } } },
        };
        var (_, body) = await server.JsonAsync("GET", target);

        var settings = body!["NetworkSettings"]!.AsObject();
        foreach (var name in new[] { "Bridge", "HairpinMode", "LinkLocalIPv6Address", "LinkLocalIPv6PrefixLen", "SecondaryIPAddresses", "SecondaryIPv6Addresses", "EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress", "IPPrefixLen", "IPv6Gateway", "MacAddress" })
            Assert.Equal(has, settings.ContainsKey(name));
        Assert.Equal(has ? "172.17.0.2" : null, settings["IPAddress"]?.GetValue<string>());
        Assert.Equal(has, body["Config"]!.AsObject().ContainsKey("OnBuild"));
    }

    [Fact]
    public async Task Create_passes_everything_on()
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, body) = await server.JsonAsync("POST", "/containers/create?name=n&platform=linux/amd64", """{"Image":"i","Cmd":"ls","Tty":true,"HostConfig":{"Memory":5,"PidsLimit":-1},"Unknown":{}}""");

        Assert.Equal(201, status);
        Assert.Equal("""{"Id":"new","Warnings":["engine"]}""", body!.ToJsonString());
        Assert.Equal(["create n linux/amd64"], server.Engine.Calls);
        Assert.Equal(["ls"], server.Engine.Created!.Cmd!);
        Assert.Equal(5, server.Engine.Created.HostConfig!.Memory);
        Assert.Null(server.Engine.Created.HostConfig.PidsLimit);
    }

    [Theory]
    [InlineData("{}", "config cannot be empty in order to create a container")]
    [InlineData("null", "config cannot be empty in order to create a container")]
    [InlineData("""{"HostConfig":{}}""", "config cannot be empty in order to create a container")]
    [InlineData("{", "invalid JSON: unexpected EOF")]
    [InlineData("""{"Image":"a" """, "invalid JSON: unexpected EOF")]
    [InlineData(" ", "invalid JSON: got EOF while reading request body")]
    [InlineData("{}x", "unexpected content after JSON")]
    [InlineData("{}{}", "unexpected content after JSON")]
    public async Task Create_refuses_what_is_no_configuration(string json, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, message), await server.ErrorAsync("POST", "/containers/create", json));
        Assert.Empty(server.Engine.Calls);
    }

    [Theory]
    [InlineData("""{"Image":1}""", "cannot read a number at Image")]
    [InlineData("{\n \"HostConfig\":\n {\"Memory\":\"x\", \"Tty\":1}}", "cannot read a string at HostConfig.Memory")]
    [InlineData("""{"HostConfig":{"Binds":["a",true]}}""", "cannot read a boolean at HostConfig.Binds[1]")]
    [InlineData("[1]", "cannot read an array as the document")]
    [InlineData("1", "cannot read a number as the document")]
    [InlineData("x", "invalid character 'x' at byte 0")]
    [InlineData("""{"Image":tru}""", "invalid character '}' at byte 12")]
    public async Task Create_says_what_is_wrong_with_a_document(string json, string what)
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, message) = await server.ErrorAsync("POST", "/containers/create", json);
        Assert.Equal(400, status);
        Assert.Equal("invalid JSON: " + what, message);
    }

    [Theory]
    [InlineData("", "2", "malformed Content-Type header (): mime: no media type")]
    [InlineData("Content-Type: text/plain\r\n", "2", "unsupported Content-Type header (text/plain): must be 'application/json'")]
    [InlineData("", "0", "invalid JSON: got EOF while reading request body")]
    public async Task Create_wants_JSON(string header, string length, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        using var client = await server.RawAsync();
        await client.WriteAsync($"POST /containers/create HTTP/1.1\r\nHost: d\r\nConnection: close\r\n{header}Content-Length: {length}\r\n\r\n{{}}"[..^(length == "0" ? 2 : 0)]);
        Assert.StartsWith("HTTP/1.1 400", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(message, JsonNode.Parse(await client.ReadToEndAsync())!["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_body_without_end_is_refused()
    {
        await using var server = await ServerFixture.StartAsync();
        var (status, message) = await server.ErrorAsync("POST", "/containers/create", "{\"Image\":\"" + new string('a', 17 << 20) + "\"}");
        Assert.Equal((400, "the body of the request is longer than 16 MiB"), (status, message));
    }

    [Theory]
    [InlineData("/v1.43", null, 0)]
    [InlineData("/v1.44", "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.", 1)]
    public async Task The_old_place_of_the_MAC_address(string version, string? warning, int warnings)
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, body) = await server.JsonAsync("POST", version + "/containers/create", """{"Image":"i","MacAddress":"02:00:00:00:00:01","HostConfig":{"NetworkMode":"n"}}""");

        Assert.Equal("02:00:00:00:00:01", server.Engine.Created!.NetworkingConfig!.EndpointsConfig!["n"]!.MacAddress);
        Assert.Null(server.Engine.Created.MacAddress);
        Assert.Equal(1 + warnings, body!["Warnings"]!.AsArray().Count);
        Assert.Equal(warning, warning is null ? null : body["Warnings"]![1]!.GetValue<string>());
    }

    [Theory]
    [InlineData("{}", "n.conf.IFNAME.a=1,n.conf.IFNAME.b=2")]
    [InlineData("""{"n":{"DriverOpts":{"com.docker.network.endpoint.sysctls":"own"}}}""", "n.conf.IFNAME.a=1,n.conf.IFNAME.b=2,own")]
    public async Task The_old_place_of_a_devices_settings(string endpoints, string expected)
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, body) = await server.JsonAsync(
            "POST", "/v1.47/containers/create", $$$"""{"Image":"i","HostConfig":{"NetworkMode":"n","Sysctls":{"net.n.conf.eth0.b":"2","net.n.conf.eth0.a":"1","net.x":"3"}},"NetworkingConfig":{"EndpointsConfig":{{{endpoints}}}}}""");

        var moved = "net.n.conf.IFNAME.a=1,net.n.conf.IFNAME.b=2";
        Assert.Equal(["net.x"], server.Engine.Created!.HostConfig!.Sysctls!.Keys);
        Assert.Equal(expected.Replace("n.conf", "net.n.conf", StringComparison.Ordinal), server.Engine.Created.NetworkingConfig!.EndpointsConfig!["n"]!.DriverOpts!["com.docker.network.endpoint.sysctls"]);
        Assert.Equal(
            $"Migrated sysctl \"net.n.conf.eth0.a,net.n.conf.eth0.b\" to DriverOpts{{\"com.docker.network.endpoint.sysctls\":\"{moved}\"}}.",
            body!["Warnings"]![1]!.GetValue<string>());
    }

    [Theory]
    [InlineData("/v1.48", """{"Image":"i","HostConfig":{"Sysctls":{"net.ipv4.conf.eth0.x":"1"}}}""", "interface specific sysctl setting \"net.ipv4.conf.eth0.x\" must be supplied using driver option 'com.docker.network.endpoint.sysctls'")]
    [InlineData("/v1.47", """{"Image":"i","HostConfig":{"Sysctls":{"net.ipv4.conf.eth1.x":"1"}}}""", "unable to determine network endpoint for sysctl net.ipv4.conf.eth1.x, use driver option 'com.docker.network.endpoint.sysctls' to set per-interface sysctls")]
    [InlineData("/v1.47", """{"Image":"i","HostConfig":{"NetworkMode":"n","Sysctls":{"net.ipv4.conf.eth0.x":"1"}},"NetworkingConfig":{"EndpointsConfig":{"o":{}}}}""", "unable to find a network for sysctl net.ipv4.conf.eth0.x: HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks")]
    [InlineData("/v1.52", """{"Image":"i","MacAddress":"02:00:00:00:00:01"}""", "container-wide MAC address no longer supported; use endpoint-specific MAC address instead")]
    [InlineData("/v1.43", """{"Image":"i","MacAddress":"02:00:00:00:00:01","HostConfig":{"NetworkMode":"none"}}""", "conflicting options: mac-address and the network mode")]
    [InlineData("/v1.43", """{"Image":"i","NetworkingConfig":{"EndpointsConfig":{"a":{},"b":{}}}}""", "Container cannot be created with multiple network endpoints: a, b")]
    [InlineData("/v1.42", """{"Image":"i","HostConfig":{"Mounts":[{"Type":"bind","VolumeOptions":{}}]}}""", "VolumeOptions must not be specified on mount type \"bind\"")]
    [InlineData("/v1.44", """{"Image":"i","HostConfig":{"Mounts":[{"Type":"volume","VolumeOptions":{"Subpath":"x"}}]}}""", "VolumeOptions.Subpath needs API v1.45 or newer")]
    [InlineData("/v1.47", """{"Image":"i","HostConfig":{"Mounts":[{"Type":"image"}]}}""", "Mount type \"Image\" needs API v1.48 or newer")]
    public async Task What_a_version_does_not_allow(string version, string json, string message)
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, message), await server.ErrorAsync("POST", version + "/containers/create", json));
    }

    [Fact]
    public async Task Each_image_mount_is_called_an_experiment()
    {
        await using var server = await ServerFixture.StartAsync();
        var (_, body) = await server.JsonAsync("POST", "/v1.48/containers/create", """{"Image":"i","HostConfig":{"Mounts":[{"Type":"image","Source":"a","Target":"/a"},{"Type":"bind"},{"Type":"image","Source":"b","Target":"/b"}]}}""");

        Assert.Equal(2, body!["Warnings"]!.AsArray().Count(warning => warning!.GetValue<string>() == "Image mount is an experimental feature"));
    }

    [Fact]
    public async Task Old_versions_keep_their_old_meaning()
    {
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("POST", "/v1.39/containers/create", """{"Image":"i","HostConfig":{"ConsoleSize":[2,3],"Annotations":{"a":"b"},"Mounts":[{"Type":"bind","ReadOnly":true,"VolumeOptions":{},"BindOptions":{"NonRecursive":true,"CreateMountpoint":true}}]}}""");

        var host = server.Engine.Created!.HostConfig!;
        Assert.Equal("shareable", host.IpcMode);
        Assert.Equal([0, 0], host.ConsoleSize);
        Assert.Null(host.Annotations);
        Assert.Null(host.Mounts![0].VolumeOptions);
        Assert.Equal(new MountBindOptions { ReadOnlyNonRecursive = true }, host.Mounts[0].BindOptions);
    }

    [Fact]
    public async Task Update_knows_its_limits_by_version()
    {
        await using var server = await ServerFixture.StartAsync();
        await server.SendAsync("POST", "/v1.54/containers/c/update", """{"PidsLimit":-5,"BlkioDeviceReadBps":[{"Path":"/dev/a","Rate":1}],"Memory":9}""");
        Assert.Equal(0, server.Engine.Updated!.PidsLimit);
        Assert.Null(server.Engine.Updated.BlkioDeviceReadBps);
        Assert.Equal(9, server.Engine.Updated.Memory);
    }

    [Fact]
    public async Task Start_takes_no_body()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"), await server.ErrorAsync("POST", "/containers/c/start", """{"Binds":null}"""));
        Assert.Equal(204, (await server.SendAsync("POST", "/containers/c/start", "{}")).Status);
    }

    [Fact]
    public async Task Exec_needs_a_command()
    {
        await using var server = await ServerFixture.StartAsync();
        Assert.Equal((400, "No exec command specified"), await server.ErrorAsync("POST", "/containers/c/exec", """{"Cmd":[]}"""));
        Assert.Equal((201, "{\"Id\":\"e\"}\n"), await server.SendAsync("POST", "/containers/c/exec", """{"Cmd":["a"],"ConsoleSize":[1,2]}"""));
        Assert.Equal([1, 2], server.Engine.ExecCreated!.ConsoleSize!);
        await server.SendAsync("POST", "/v1.41/containers/c/exec", """{"Cmd":["a"],"ConsoleSize":[1,2]}""");
        Assert.Null(server.Engine.ExecCreated!.ConsoleSize);
    }
}

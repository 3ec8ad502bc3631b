using System.Buffers;
using System.Text;
using System.Text.Json;
using Tare.Wire.Json;

namespace Tare.Wire.Tests;

/// <summary>What clients written against Go's encoding/json rely on without knowing it.</summary>
public sealed class GoSemanticsTests
{
    [Fact]
    public void Nulls_leave_the_zero_value_of_what_cannot_be_null()
    {
        var request = Read<ContainerCreateRequest>("""{"Image":null,"Tty":null,"Hostname":null,"HostConfig":{"Memory":null,"LogConfig":null,"RestartPolicy":null,"NetworkMode":null,"BlkioWeight":null}}""");

        Assert.Equal("", request.Image);
        Assert.Equal("", request.Hostname);
        Assert.False(request.Tty);
        Assert.Equal(0, request.HostConfig!.Memory);
        Assert.Equal("", request.HostConfig.LogConfig.Type);
        Assert.Equal("", request.HostConfig.RestartPolicy.Name);
        Assert.Equal("", request.HostConfig.NetworkMode);
    }

    [Fact]
    public void Nulls_stay_null_where_null_means_something()
    {
        var request = Read<ContainerCreateRequest>("""{"Cmd":null,"StopTimeout":null,"HostConfig":{"PidsLimit":null,"OomKillDisable":null,"Init":null}}""");

        Assert.Null(request.Cmd);
        Assert.Null(request.StopTimeout);
        Assert.Null(request.HostConfig!.PidsLimit);
        Assert.Null(request.HostConfig.OomKillDisable);
        Assert.Null(request.HostConfig.Init);
    }

    [Fact]
    public void Names_match_in_any_case()
    {
        var request = Read<ContainerCreateRequest>("""{"image":"a","CMD":["b"],"hostconfig":{"networkmode":"none"}}""");

        Assert.Equal("a", request.Image);
        Assert.Equal(["b"], request.Cmd!);
        Assert.Equal("none", request.HostConfig!.NetworkMode);
    }

    [Fact]
    public void Unknown_members_are_skipped()
        => Assert.Equal("a", Read<ContainerCreateRequest>("""{"Future":{"x":[1,{"y":2}]},"Image":"a"}""").Image);

    [Theory]
    [InlineData("""{"Cmd":"ls -l"}""", new[] { "ls -l" })]
    [InlineData("""{"Cmd":["ls","-l"]}""", new[] { "ls", "-l" })]
    [InlineData("""{"Cmd":[]}""", new string[0])]
    public void Words_come_as_one_string_or_as_a_list(string json, string[] expected)
        => Assert.Equal(expected, Read<ContainerCreateRequest>(json).Cmd!);

    [Theory]
    [InlineData("""{"Cmd":[1]}""")]
    [InlineData("""{"Cmd":{"a":1}}""")]
    [InlineData("""{"Volumes":["/a"]}""")]
    [InlineData("""{"Labels":["a"]}""")]
    [InlineData("""{"Labels":{"a":1}}""")]
    [InlineData("""{"Tty":"yes"}""")]
    [InlineData("""{"Image":1}""")]
    [InlineData("""{"HostConfig":{"Memory":"1g"}}""")]
    [InlineData("""{"HostConfig":{"Memory":1.5}}""")]
    [InlineData("""{"HostConfig":{"BlkioWeight":70000}}""")]
    public void What_has_the_wrong_type_is_refused(string json)
    {
        var error = Record.Exception(() => Read<ContainerCreateRequest>(json));
        Assert.IsAssignableFrom<JsonException>(error);
    }

    [Fact]
    public void Sets_are_objects_with_empty_members()
    {
        var config = Read<ContainerConfig>("""{"Volumes":{"/b":{},"/a":{"ignored":[1]}},"ExposedPorts":{}}""");

        Assert.Equal(["/a", "/b"], config.Volumes!);
        Assert.Contains("\"Volumes\":{\"/a\":{},\"/b\":{}}", Write(config), StringComparison.Ordinal);
        Assert.DoesNotContain("ExposedPorts", Write(config), StringComparison.Ordinal);
    }

    [Fact]
    public void Maps_are_written_in_the_order_of_their_keys()
    {
        var config = new ContainerConfig { Labels = new Dictionary<string, string> { ["b"] = "2", ["Z"] = "3", ["a"] = "1" } };

        Assert.Contains("\"Labels\":{\"Z\":\"3\",\"a\":\"1\",\"b\":\"2\"}", Write(config), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_what_JSON_requires_is_escaped()
        => Assert.Contains("\"User\":\"<ä&'+\\\"\\\\\\n>\"", Write(new ContainerConfig { User = "<ä&'+\"\\\n>" }), StringComparison.Ordinal);

    [Fact]
    public void A_request_to_create_is_written_as_a_configuration_where_one_is_declared()
    {
        ContainerConfig config = new ContainerCreateRequest { Image = "a", HostConfig = new HostConfig() };
        Assert.DoesNotContain("HostConfig", Write(new ContainerInspectResponse { Config = config }).Split("\"Config\"")[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_values_are_left_out_where_Docker_leaves_them_out()
    {
        var json = Write(new ContainerConfig { StopSignal = "", Shell = [], OnBuild = [], ExposedPorts = new HashSet<string>() });

        foreach (var name in new[] { "StopSignal", "Shell", "OnBuild", "ExposedPorts", "Healthcheck", "ArgsEscaped", "NetworkDisabled", "MacAddress", "StopTimeout" })
            Assert.DoesNotContain(name, json, StringComparison.Ordinal);
        foreach (var name in new[] { "\"Env\":null", "\"Cmd\":null", "\"Entrypoint\":null", "\"Volumes\":null", "\"Labels\":null", "\"Tty\":false" })
            Assert.Contains(name, json, StringComparison.Ordinal);
    }

    [Fact]
    public void Old_clients_find_the_fields_that_later_versions_leave_out()
    {
        var buffer = new ArrayBufferWriter<byte>();
        WireJson.Write(buffer, new ImageInspect { Config = new ImageConfig { Cmd = ["sh"] } }, WireJson.LegacyOptions);
        var json = Encoding.UTF8.GetString(buffer.WrittenSpan);

        Assert.Contains("\"Author\":\"\"", json, StringComparison.Ordinal);
        Assert.Contains("\"Entrypoint\":null", json, StringComparison.Ordinal);
        Assert.Contains("\"User\":\"\"", json, StringComparison.Ordinal);
        Assert.DoesNotContain("Author", Write(new ImageInspect()), StringComparison.Ordinal);
    }

    private static T Read<T>(string json) => WireJson.Read<T>(Encoding.UTF8.GetBytes(json))!;

    private static string Write<T>(T value) => Encoding.UTF8.GetString(WireJson.ToUtf8(value));
}

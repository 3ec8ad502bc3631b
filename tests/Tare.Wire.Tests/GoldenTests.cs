using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Tare.Wire.Json;

namespace Tare.Wire.Tests;

/// <summary>
/// Documents that Docker 28.5 (API 1.51) wrote, and bodies that its client sent: reading and writing one must lose no field and add
/// none, and keep null, empty and absent apart.
/// </summary>
public sealed class GoldenTests
{
    [Fact]
    public void ContainerInspect() => Holds<ContainerInspectResponse>("container-inspect");

    [Fact]
    public void ContainerList() => Holds<IReadOnlyList<ContainerSummary>>("container-list");

    [Fact]
    public void ContainerTop() => Holds<ContainerTopResponse>("top");

    [Fact]
    public void ContainerStats() => Holds<ContainerStatsResponse>("stats");

    [Theory]
    [InlineData("create-all-flags.request")]
    [InlineData("create-detached.request")]
    [InlineData("create-terminal.request")]
    public void ContainerCreate(string name) => Holds<ContainerCreateRequest>(name);

    [Fact]
    public void ExecCreate() => Holds<ExecCreateRequest>("exec-create.request");

    [Fact]
    public void ExecCreated() => Holds<IDResponse>("exec-create");

    [Fact]
    public void ExecStart() => Holds<ExecStartRequest>("exec-start.request");

    [Fact]
    public void ExecInspect() => Holds<ExecInspectResponse>("exec-inspect");

    [Fact]
    public void ImageList() => Holds<IReadOnlyList<ImageSummary>>("image-list");

    [Fact]
    public void ImageInspect() => Holds<ImageInspect>("image-inspect");

    [Fact]
    public void ImageHistory() => Holds<IReadOnlyList<ImageHistoryResponseItem>>("image-history");

    [Fact]
    public void Info() => Holds<SystemInfo>("info");

    [Fact]
    public void Version() => Holds<SystemVersion>("version");

    [Fact]
    public void NetworkList() => Holds<IReadOnlyList<NetworkInspect>>("network-list");

    [Fact]
    public void NetworkInspect() => Holds<NetworkInspect>("network-inspect");

    [Fact]
    public void NetworkInspectOfEndpoints() => Holds<NetworkInspect>("network-inspect-endpoints");

    [Fact]
    public void VolumeList() => Holds<VolumeListResponse>("volume-list");

    [Fact]
    public void Authenticated() => Holds<AuthResponse>("auth");

    [Fact]
    public void Search() => Holds<IReadOnlyList<SearchResult>>("search");

    [Fact]
    public void Distribution() => Holds<DistributionInspect>("distribution-inspect");

    [Fact]
    public void Push()
    {
        foreach (var line in File.ReadAllLines(PathOf("push")))
            Holds<ProgressMessage>(Encoding.UTF8.GetBytes(line));
    }

    [Fact]
    public void Events()
    {
        var lines = File.ReadAllLines(PathOf("events"));
        Assert.NotEmpty(lines);
        foreach (var line in lines)
            Holds<EventMessage>(Encoding.UTF8.GetBytes(line));
    }

    /// <summary>People read <c>docker inspect</c>: the members come in Docker's order.</summary>
    [Theory]
    [InlineData("container-inspect", typeof(ContainerInspectResponse))]
    [InlineData("container-list", typeof(IReadOnlyList<ContainerSummary>))]
    [InlineData("container-list-networks", typeof(IReadOnlyList<ContainerSummary>))]
    [InlineData("network-settings", typeof(NetworkSettings))]
    [InlineData("network-inspect-endpoints", typeof(NetworkInspect))]
    [InlineData("network-list", typeof(IReadOnlyList<NetworkInspect>))]
    public void Members_keep_their_order(string name, Type type)
    {
        var golden = File.ReadAllBytes(PathOf(name));
        var written = type switch
        {
            _ when type == typeof(ContainerInspectResponse) => RoundTrip<ContainerInspectResponse>(golden),
            _ when type == typeof(NetworkSettings) => RoundTrip<NetworkSettings>(golden),
            _ when type == typeof(NetworkInspect) => RoundTrip<NetworkInspect>(golden),
            _ when type == typeof(IReadOnlyList<NetworkInspect>) => RoundTrip<IReadOnlyList<NetworkInspect>>(golden),
            _ => RoundTrip<IReadOnlyList<ContainerSummary>>(golden),
        };

        Assert.Equal(Encoding.UTF8.GetString(golden).Trim(), Encoding.UTF8.GetString(written));
    }

    private static void Holds<T>(string name) => Holds<T>(File.ReadAllBytes(PathOf(name)));

    private static void Holds<T>(byte[] golden)
    {
        var written = RoundTrip<T>(golden);
        Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse(golden), JsonNode.Parse(written)),
            $"Docker wrote{Environment.NewLine}{Encoding.UTF8.GetString(golden)}{Environment.NewLine}and we make of it{Environment.NewLine}{Encoding.UTF8.GetString(written)}");
    }

    private static byte[] RoundTrip<T>(byte[] document)
    {
        var value = WireJson.Read<T>(document);
        Assert.NotNull(value);
        var buffer = new ArrayBufferWriter<byte>();
        WireJson.Write(buffer, value, WireJson.LegacyOptions);
        return buffer.WrittenSpan.ToArray();
    }

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", name + ".json");
}

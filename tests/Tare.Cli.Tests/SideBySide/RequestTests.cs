using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Tare.Cli.Tests.SideBySide;

/// <summary>
/// The command lines of requests.txt: the stock docker CLI and tare ask the engine for the same, member by member. What is empty, zero or
/// false may be left out.
/// </summary>
public sealed class RequestTests
{
    private static readonly string[] Sets = ["ExposedPorts", "EndpointsConfig"];

    [StockTheory]
    [MemberData(nameof(Groups))]
    public void Tare_asks_for_what_docker_asks_for(string group)
    {
        using var engine = new RecordingEngine();
        foreach (var line in Lines()[group])
        {
            var docker = Run(engine, Shell.Stock, line);
            var tare = Run(engine, Shell.Tare, line);
            Assert.Equal($"{line}\n{docker}", $"{line}\n{tare}");
        }
    }

    public static TheoryData<string> Groups() => new(Lines().Keys);

    private static Dictionary<string, List<string>> Lines([CallerFilePath] string file = "")
    {
        var groups = new Dictionary<string, List<string>>();
        List<string> lines = [];
        foreach (var line in File.ReadLines(Path.Combine(Path.GetDirectoryName(file)!, "requests.txt")))
        {
            if (line.StartsWith("== ", StringComparison.Ordinal)) groups[line[3..]] = lines = [];
            else if (line.StartsWith("> ", StringComparison.Ordinal)) lines.Add(line[2..]);
        }

        return groups;
    }

    private static string Run(RecordingEngine engine, string program, string line)
    {
        var (code, output, error) = Shell.Run(program, $"export DOCKER_HOST={engine.Host}\n{line}");
        var requests = engine.Take().Select(request => $"{request.Line} {Normalize(request.Body)}");
        return $"code {code}\n{output}\n{error}\n{string.Join('\n', requests)}";
    }

    private static string Normalize(string body)
    {
        if (body.Length == 0) return "";
        var json = JsonNode.Parse(body)!;
        if (json["HostConfig"] is JsonObject host)
        {
            host.Remove("ConsoleSize");
            if (host["MemorySwappiness"]?.ToJsonString() == "-1") host.Remove("MemorySwappiness");
            if (host["RestartPolicy"]?["Name"]?.ToJsonString() is "\"no\"") host.Remove("RestartPolicy");
        }

        // The engine makes the endpoint of the default network, whether it is asked for or not.
        if (Compact(json["NetworkingConfig"])?.ToJsonString() == """{"EndpointsConfig":{"default":{}}}""") json.AsObject().Remove("NetworkingConfig");
        return Compact(json)?.ToJsonString() ?? "";
    }

    /// <summary>Without what is empty, with the members in order.</summary>
    private static JsonNode? Compact(JsonNode? node, bool keepEmpty = false)
    {
        switch (node)
        {
            case JsonObject members:
                var compact = new JsonObject();
                foreach (var (name, value) in members.OrderBy(member => member.Key, StringComparer.Ordinal))
                {
                    var inner = Compact(value, Sets.Contains(name));
                    if (inner is null && keepEmpty) inner = new JsonObject();
                    if (inner is not null) compact[name] = inner;
                }

                return compact.Count > 0 ? compact : null;
            case JsonArray items:
                return items.Count > 0 ? new JsonArray([.. items.Select(item => Compact(item))]) : null;
            default:
                return node?.ToJsonString() is null or "\"\"" or "0" or "false" ? null : node.DeepClone();
        }
    }
}

using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Formatting;

namespace Tare.Cli.Verbs;

/// <summary>tare port: tells where on the host a container's ports are published.</summary>
internal sealed class PortVerb : Verb
{
    public PortVerb()
        : base("CONTAINER [PRIVATE_PORT[/PROTO]]", "List the published ports of a container", new ArgumentCount(1, 2))
    {
        Aliases = "container port, port";
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        using var document = JsonDocument.Parse(await session.Client.Containers.InspectJsonAsync(arguments[0]));
        var ports = document.RootElement.GetProperty("NetworkSettings").GetProperty("Ports");
        var lines = new List<string>();
        if (arguments.Count > 1)
        {
            var slash = arguments[1].IndexOf('/', StringComparison.Ordinal);
            var port = slash < 0 ? arguments[1] : arguments[1][..slash];
            var protocol = slash < 0 || slash == arguments[1].Length - 1 ? "tcp" : arguments[1][(slash + 1)..];
            if (!ushort.TryParse(port, out _))
                throw new CommandException($"Error: invalid port ({port}): strconv.ParseUint: parsing {GoText.Quote(port)}: {(port.Length > 0 && port.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax")}");
            if (ports.ValueKind == JsonValueKind.Object && ports.TryGetProperty($"{port}/{protocol}", out var bindings)) Add(lines, "", bindings);
            if (lines.Count == 0) throw new CommandException($"Error: No public port '{arguments[1]}' published for {arguments[0]}");
        }
        else if (ports.ValueKind == JsonValueKind.Object)
        {
            foreach (var port in ports.EnumerateObject()) Add(lines, port.Name + " -> ", port.Value);
        }

        lines.Sort(NaturalOrder.Compare);
        foreach (var line in lines) session.Out.WriteLine(line);
        return 0;
    }

    private static void Add(List<string> lines, string prefix, JsonElement bindings)
    {
        if (bindings.ValueKind != JsonValueKind.Array) return;
        foreach (var binding in bindings.EnumerateArray())
        {
            var address = binding.GetProperty("HostIp").GetString()!;
            lines.Add($"{prefix}{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{binding.GetProperty("HostPort").GetString()}");
        }
    }
}

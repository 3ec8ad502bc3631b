using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare network ls: lists networks.</summary>
internal sealed class NetworkListVerb : Verb
{
    private readonly SwitchFlag _quiet;
    private readonly SwitchFlag _noTrunc;
    private readonly TextFlag _format;
    private readonly Filters _filters;

    public NetworkListVerb()
        : base("[OPTIONS]", "List networks", ArgumentCount.None)
    {
        Aliases = "network ls, network list";
        _quiet = Flags.Switch("quiet", "Print only IDs", 'q');
        _noTrunc = Flags.Switch("no-trunc", "Do not shorten what is printed");
        _format = Flags.Text("format", PsVerb.FormatUsage);
        _filters = FilterFlag.Add(Flags);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        using var document = JsonDocument.Parse(await session.Client.Networks.ListJsonAsync(_filters));
        List<JsonElement> networks = [.. document.RootElement.EnumerateArray()];
        networks.Sort(static (a, b) => NaturalOrder.Compare(a.Text("Name"), b.Text("Name")));
        var format = _format.Value.Length > 0 ? _format.Value : session.Config.NetworksFormat.Length > 0 && !_quiet.Value ? session.Config.NetworksFormat : "table";
        Listing.Write(session.Out, Expand(format), NetworkRows.Headers, networks.Select(network => NetworkRows.Of(network, truncate: !_noTrunc.Value)));
        return 0;
    }

    private string Expand(string format) => format switch
    {
        "table" => _quiet.Value ? "{{.ID}}" : "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
        "raw" => _quiet.Value ? "network_id: {{.ID}}" : "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
        _ => format,
    };
}

using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare volume ls: lists volumes.</summary>
internal sealed class VolumeListVerb : Verb
{
    private readonly SwitchFlag _quiet;
    private readonly TextFlag _format;
    private readonly Filters _filters;
    private readonly SwitchFlag _cluster;

    public VolumeListVerb()
        : base("[OPTIONS]", "List volumes", ArgumentCount.None)
    {
        Aliases = "volume ls, volume list";
        _quiet = Flags.Switch("quiet", "Print only names", 'q');
        _format = Flags.Text("format", PsVerb.FormatUsage);
        _filters = FilterFlag.Add(Flags);
        _cluster = Flags.Add(new SwitchFlag("cluster", '\0', "Only volumes of a swarm, which is not there") { Hidden = true });
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        using var document = JsonDocument.Parse(await session.Client.Volumes.ListJsonAsync(_filters));
        var volumes = _cluster.Value ? [] : document.RootElement.Items("Volumes").ToList();
        volumes.Sort(static (a, b) => NaturalOrder.Compare(a.Text("Name"), b.Text("Name")));
        var format = _format.Value.Length > 0 ? _format.Value : session.Config.VolumesFormat.Length > 0 && !_quiet.Value ? session.Config.VolumesFormat : "table";
        Listing.Write(session.Out, Expand(format), VolumeRows.Headers, volumes.Select(VolumeRows.Of));
        return 0;
    }

    private string Expand(string format) => format switch
    {
        "table" => _quiet.Value ? "{{.Name}}" : "table {{.Driver}}\t{{.Name}}",
        "raw" => _quiet.Value ? "name: {{.Name}}" : "name: {{.Name}}\ndriver: {{.Driver}}\n",
        _ => format,
    };
}

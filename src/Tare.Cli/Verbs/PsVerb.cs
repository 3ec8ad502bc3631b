using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Templates;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare ps: lists containers.</summary>
internal sealed class PsVerb : Verb
{
    /// <summary>What --format takes, for the help of all lists.</summary>
    public const string FormatUsage = "Print each line by a format: 'table' (default), 'table TEMPLATE', 'json' or 'TEMPLATE', a Go template";

    private const string Columns = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

    private readonly SwitchFlag _quiet;
    private readonly SwitchFlag _size;
    private readonly SwitchFlag _all;
    private readonly SwitchFlag _noTruncation;
    private readonly SwitchFlag _latest;
    private readonly NumberFlag _last;
    private readonly TextFlag _format;
    private readonly Filters _filters;

    /// <param name="name">ps or ls.</param>
    public PsVerb(string name)
        : base("[OPTIONS]", "List containers", ArgumentCount.None)
    {
        _ = name;
        Aliases = "container ls, container list, container ps, ps";
        _quiet = Flags.Switch("quiet", "Print only IDs", 'q');
        _size = Flags.Switch("size", "Show sizes", 's');
        _all = Flags.Switch("all", "List all containers, not only those that run", 'a');
        _noTruncation = Flags.Switch("no-trunc", "Do not shorten anything");
        _latest = Flags.Switch("latest", "List the container that was created last, running or not", 'l');
        _last = Flags.Number("last", "List the last containers that were created, running or not", 'n', initial: -1);
        _format = Flags.Text("format", FormatUsage);
        _filters = FilterFlag.Add(Flags);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var format = _format.Value;
        if (format.Length == 0)
        {
            format = session.Config.PsFormat;
        }
        else if (_quiet.Value)
        {
            session.Error.WriteLine("WARNING: Ignoring custom format, because both --format and --quiet are set.");
            session.Error.Flush();
        }

        var size = _size.Value || NeedsSize(session, format);
        var limit = _latest.Value && _last.Value == -1 ? 1 : (int)_last.Value;
        var json = await session.Client.Containers.ListJsonAsync(new ContainerListOptions { All = _all.Value, Limit = limit > 0 ? limit : null, Size = size, Filters = _filters });
        using var document = JsonDocument.Parse(json);
        var rows = new ContainerRows(session, truncate: !_noTruncation.Value);
        Listing.Write(session.Out, Expand(format, size), ContainerRows.Headers, document.RootElement.EnumerateArray().Select(container => rows.Of(container)));
        return 0;
    }

    /// <summary>A format is tried on nothing first: it may be wrong, and it may ask for sizes.</summary>
    private bool NeedsSize(Session session, string format)
    {
        if (format.Length == 0) return false;
        Template template;
        try
        {
            template = Template.Parse(format);
        }
        catch (TemplateException e)
        {
            throw new CommandException($"failed to parse template: {e.Message}");
        }

        using var nothing = JsonDocument.Parse("{}");
        var row = new ContainerRows(session, truncate: false).Of(nothing.RootElement);
        try
        {
            template.Execute(row);
        }
        catch (TemplateException e)
        {
            throw new CommandException($"failed to execute template: {e.Message}");
        }

        return !_quiet.Value && !_size.Given && row.Used.Contains("Size");
    }

    private string Expand(string format, bool size) => format switch
    {
        "" or "table" => _quiet.Value ? "{{.ID}}" : size ? Columns + "\t{{.Size}}" : Columns,
        "raw" when _quiet.Value => "container_id: {{.ID}}",
        "raw" => "container_id: {{.ID}}\nimage: {{.Image}}\ncommand: {{.Command}}\ncreated_at: {{.CreatedAt}}\nstate: {{- pad .State 1 0}}\nstatus: {{- pad .Status 1 0}}\n"
            + "names: {{.Names}}\nlabels: {{- pad .Labels 1 0}}\nports: {{- pad .Ports 1 0}}\n" + (size ? "size: {{.Size}}\n" : ""),
        _ => _quiet.Value ? "{{.ID}}" : format,
    };
}

using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare images: lists images.</summary>
internal sealed class ImagesVerb : Verb
{
    private const string Created = "{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}";
    private const string Columns = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t" + Created + "\t{{.Size}}";
    private const string ColumnsWithDigests = "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t" + Created + "\t{{.Size}}";

    private readonly string _name;
    private readonly SwitchFlag _quiet;
    private readonly SwitchFlag _all;
    private readonly SwitchFlag _noTruncation;
    private readonly SwitchFlag _digests;
    private readonly TextFlag _format;
    private readonly Filters _filters;
    private readonly SwitchFlag _tree;

    /// <param name="name">images or ls.</param>
    public ImagesVerb(string name)
        : base("[OPTIONS] [REPOSITORY[:TAG]]", "List images", ArgumentCount.AtMost(1))
    {
        _name = name;
        Aliases = "image ls, image list, images";
        _quiet = Flags.Switch("quiet", "Print only IDs", 'q');
        _all = Flags.Switch("all", "List intermediate images too", 'a');
        _noTruncation = Flags.Switch("no-trunc", "Do not shorten anything");
        _digests = Flags.Switch("digests", "Show digests");
        _format = Flags.Text("format", PsVerb.FormatUsage);
        _filters = FilterFlag.Add(Flags);
        _tree = Flags.Switch("tree", "List the platforms of each image (experimental)");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        if (arguments.Count > 0) _filters.Add("reference", arguments[0]);
        if (_tree.Value)
        {
            await WriteTreeAsync(session);
            return 0;
        }

        using var document = JsonDocument.Parse(await session.Client.Images.ListJsonAsync(_all.Value, _filters));
        var format = _format.Value.Length > 0 ? _format.Value : session.Config.ImagesFormat.Length > 0 && !_quiet.Value ? session.Config.ImagesFormat : "table";
        format = Expand(format);
        var rows = new ImageRows(session, truncate: !_noTruncation.Value);
        var needDigests = _digests.Value || format.Contains("{{.Digest}}", StringComparison.Ordinal);
        Listing.Write(session.Out, format, ImageRows.Headers, document.RootElement.EnumerateArray().SelectMany(image => rows.Of(image, _digests.Value, needDigests)));
        if (arguments.Count > 0 && document.RootElement.GetArrayLength() == 0 && _name == "images" && Commands.VerbTable.IsImageCommand(arguments[0]))
            session.Error.WriteLine($"\nNo images found matching {GoText.Quote(arguments[0])}: did you mean \"{session.Program} image {arguments[0]}\"?");
        return 0;
    }

    private async Task WriteTreeAsync(Session session)
    {
        foreach (var (given, name) in new[] { (_quiet.Value, "quiet"), (_noTruncation.Value, "no-trunc"), (_digests.Value, "show-digest"), (_format.Value.Length > 0, "format") })
        {
            if (given) throw new CommandException($"--{name} is not yet supported with --tree");
        }

        using var document = JsonDocument.Parse(await session.Client.Images.ListJsonAsync(_all.Value, _filters, manifests: true));
        new ImageTree(session.Out).Write(document.RootElement, _all.Value);
    }

    private string Expand(string format)
    {
        const string raw = "repository: {{ .Repository }}\ntag: {{.Tag}}\n";
        const string rawEnd = "image_id: {{.ID}}\ncreated_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n";
        switch (format)
        {
            case "table":
                return _quiet.Value ? "{{.ID}}" : _digests.Value ? ColumnsWithDigests : Columns;
            case "raw":
                return _quiet.Value ? "image_id: {{.ID}}" : raw + (_digests.Value ? "digest: {{.Digest}}\n" : "") + rawEnd;
            default:
                return format.StartsWith("table", StringComparison.Ordinal) && _digests.Value && !format.Contains("{{.Digest}}", StringComparison.Ordinal) ? format + "\t{{.Digest}}" : format;
        }
    }
}

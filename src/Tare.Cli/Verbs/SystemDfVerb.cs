using System.Text;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Formatting;
using Tare.Cli.Templates;

namespace Tare.Cli.Verbs;

/// <summary>tare system df: tells what images and containers take on the disk.</summary>
internal sealed class SystemDfVerb : Verb
{
    private const string Sums = "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";
    private const string RawSums = "type: {{.Type}}\ntotal: {{.TotalCount}}\nactive: {{.Active}}\nsize: {{.Size}}\nreclaimable: {{.Reclaimable}}\n";
    private const string Images = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}";
    private const string Containers = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}";
    private const string Volumes = "table {{.Name}}\t{{.Links}}\t{{.Size}}";
    private const string BuildCache = "table {{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}";

    private readonly SwitchFlag _verbose;
    private readonly TextFlag _format;

    public SystemDfVerb()
        : base("[OPTIONS]", "Show what images and containers take on the disk", ArgumentCount.None)
    {
        _verbose = Flags.Switch("verbose", "Show each image and container", 'v');
        _format = Flags.Text("format", PsVerb.FormatUsage);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var json = await session.Client.System.DiskUsageJsonAsync(_verbose.Value);
        using var document = JsonDocument.Parse(json);
        var usage = new UsageRows(session, json.Span, document.RootElement);
        var format = _format.Value.Length > 0 ? _format.Value : "table";
        if (!_verbose.Value)
            Listing.Write(session.Out, format switch { "table" => Sums, "raw" => RawSums, _ => format }, UsageRows.Headers, usage.Sums);
        else if (format == "table")
            WriteLists(session, usage);
        else
            WriteTemplate(session, usage, format == "json" ? "{{json .}}" : format);
        return 0;
    }

    private static void WriteLists(Session session, UsageRows usage)
    {
        session.Out.Write("Images space usage:\n\n");
        Listing.Write(session.Out, Images, ImageRows.Headers, usage.Images(truncate: true));
        session.Out.Write("\nContainers space usage:\n\n");
        Listing.Write(session.Out, Containers, ContainerRows.Headers, usage.Containers(truncate: true));
        session.Out.Write("\nLocal Volumes space usage:\n\n");
        Listing.Write(session.Out, Volumes, VolumeRows.Headers, usage.Volumes);
        session.Out.Write($"\nBuild cache usage: {Units.Size(usage.BuildCacheSize)}\n\n");
        Listing.Write(session.Out, BuildCache, UsageRows.BuildCacheHeaders, []);
    }

    private static void WriteTemplate(Session session, UsageRows usage, string format)
    {
        try
        {
            var text = new StringBuilder();
            Template.Parse(format.Replace("\\t", "\t", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal)).Execute(text, usage.Lists());
            session.Out.Write(text.ToString());
        }
        catch (TemplateException e)
        {
            throw new CommandException($"template parsing error: {e.Message}");
        }
    }
}

using System.Globalization;
using System.Text.Json;

namespace Tare.Cli.Formatting;

/// <summary>Volumes as rows of a list.</summary>
internal static class VolumeRows
{
    private const string Unknown = "N/A";

    public static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>
    {
        ["Name"] = "VOLUME NAME",
        ["Driver"] = "DRIVER",
        ["Scope"] = "SCOPE",
        ["Availability"] = "AVAILABILITY",
        ["Mountpoint"] = "MOUNTPOINT",
        ["Labels"] = "LABELS",
        ["Links"] = "LINKS",
        ["Size"] = "SIZE",
        ["Group"] = "GROUP",
        ["Status"] = "STATUS",
    };

    /// <summary>One volume of the API's list.</summary>
    public static Row Of(JsonElement volume) => new("formatter.volumeContext", new Dictionary<string, Func<object?>>
    {
        ["Name"] = () => volume.Text("Name"),
        ["Driver"] = () => volume.Text("Driver"),
        ["Scope"] = () => volume.Text("Scope"),
        ["Mountpoint"] = () => volume.Text("Mountpoint"),
        ["Labels"] = () => string.Join(',', volume.Members("Labels").Select(label => $"{label.Name}={label.Value.GetString()}").Order(StringComparer.Ordinal)),
        ["Links"] = () => Usage(volume) is { } usage ? usage.Number("RefCount").ToString(CultureInfo.InvariantCulture) : Unknown,
        ["Size"] = () => Usage(volume) is { } usage ? Units.Size(usage.Number("Size")) : Unknown,
        // Of volumes of a swarm.
        ["Availability"] = () => Unknown,
        ["Group"] = () => Unknown,
        ["Status"] = () => Unknown,
    })
    {
        Label = name => volume.Member("Labels").Text(name),
    };

    private static JsonElement? Usage(JsonElement volume) => volume.Member("UsageData") is { ValueKind: JsonValueKind.Object } usage ? usage : null;
}

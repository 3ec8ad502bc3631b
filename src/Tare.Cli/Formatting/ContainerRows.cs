using System.Globalization;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Templates;
using Tare.Oci;

namespace Tare.Cli.Formatting;

/// <summary>Containers as rows of a list.</summary>
internal sealed class ContainerRows(Session session, bool truncate)
{
    private const int CommandWidth = 20;
    private const int MountWidth = 15;

    public static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>
    {
        ["ID"] = "CONTAINER ID",
        ["Names"] = "NAMES",
        ["Image"] = "IMAGE",
        ["Command"] = "COMMAND",
        ["CreatedAt"] = "CREATED AT",
        ["RunningFor"] = "CREATED",
        ["Ports"] = "PORTS",
        ["State"] = "STATE",
        ["Status"] = "STATUS",
        ["Size"] = "SIZE",
        ["Labels"] = "LABELS",
        ["Mounts"] = "MOUNTS",
        ["LocalVolumes"] = "LOCAL VOLUMES",
        ["Networks"] = "NETWORKS",
        ["Platform"] = "PLATFORM",
    };

    /// <summary>One container of the API's list; an empty document stands for none.</summary>
    /// <param name="c">The container.</param>
    /// <param name="withImage">Whether the size of the image is shown beside that of its own files.</param>
    public Row Of(JsonElement c, bool withImage = true) => new("formatter.ContainerContext", new Dictionary<string, Func<object?>>
    {
        ["ID"] = () => truncate ? Ids.Shorten(c.Text("Id")) : c.Text("Id"),
        ["Names"] = () => Names(c),
        ["Image"] = () => Image(c),
        ["Command"] = () => GoText.Quote(truncate ? TabWriter.Ellipsis(c.Text("Command"), CommandWidth) : c.Text("Command")),
        ["CreatedAt"] = () => session.LocalTime.Format(c.Number("Created")),
        ["RunningFor"] = () => Units.Duration(session.Clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(c.Number("Created"))) + " ago",
        ["Ports"] = () => PortList.Describe(c.Items("Ports")),
        ["State"] = () => c.Text("State"),
        ["Status"] = () => c.Text("Status"),
        ["Size"] = () => Size(c, withImage),
        ["Labels"] = () => string.Join(',', c.Members("Labels").Select(label => $"{label.Name}={label.Value.GetString()}").Order(StringComparer.Ordinal)),
        ["Mounts"] = () => string.Join(',', c.Items("Mounts").Select(Mount)),
        ["LocalVolumes"] = () => c.Items("Mounts").Count(mount => mount.Text("Driver") == "local").ToString(CultureInfo.InvariantCulture),
        ["Networks"] = () => string.Join(',', c.Member("NetworkSettings").Members("Networks").Select(network => network.Name)),
        ["Platform"] = () => Platform(c.Member("ImageManifestDescriptor").Member("platform")),
    })
    {
        Label = name => c.Member("Labels").Text(name),
    };

    private string Names(JsonElement c)
    {
        var names = c.Texts("Names").ConvertAll(name => name.Length > 0 ? name[1..] : name);
        // A name with a slash is another container's link to this one.
        return truncate && names.Find(name => !name.Contains('/', StringComparison.Ordinal)) is { } own ? own : string.Join(',', names);
    }

    private string Image(JsonElement c)
    {
        var image = c.Text("Image");
        if (image.Length == 0) return "<no image>";
        if (!truncate) return image;
        if (Ids.Shorten(c.Text("ImageID")) is var id && id == Ids.Shorten(image)) return id;
        return Reference.TryParse(image, out var reference) ? reference.WithDigest(default).FamiliarString : image;
    }

    private string Mount(JsonElement mount)
    {
        var name = mount.Text("Name");
        if (name.Length == 0) name = mount.Text("Source");
        return truncate ? TabWriter.Ellipsis(name, MountWidth) : name;
    }

    private static string Size(JsonElement c, bool withImage)
    {
        var own = Units.Size(c.Number("SizeRw"), 3);
        var all = c.Number("SizeRootFs");
        return all > 0 && withImage ? $"{own} (virtual {Units.Size(all, 3)})" : own;
    }

    private static object Platform(JsonElement platform)
    {
        if (platform.ValueKind != JsonValueKind.Object) return new GoNil("formatter.Platform", NilKind.Pointer);
        var variant = platform.Text("variant");
        return $"{platform.Text("os")}/{platform.Text("architecture")}{(variant.Length > 0 ? "/" + variant : "")}";
    }
}

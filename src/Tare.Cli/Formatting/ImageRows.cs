using System.Globalization;
using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Oci;

namespace Tare.Cli.Formatting;

/// <summary>Images as rows of a list: one for each name.</summary>
internal sealed class ImageRows(Session session, bool truncate)
{
    private const string None = "<none>";

    public static IReadOnlyDictionary<string, string> Headers { get; } = new Dictionary<string, string>
    {
        ["ID"] = "IMAGE ID",
        ["Repository"] = "REPOSITORY",
        ["Tag"] = "TAG",
        ["Digest"] = "DIGEST",
        ["CreatedSince"] = "CREATED",
        ["CreatedAt"] = "CREATED AT",
        ["Size"] = "SIZE",
        ["Containers"] = "CONTAINERS",
        ["VirtualSize"] = "SIZE",
        ["SharedSize"] = "SHARED SIZE",
        ["UniqueSize"] = "UNIQUE SIZE",
    };

    /// <summary>The rows of one image.</summary>
    /// <param name="image">An image of the API's list.</param>
    /// <param name="withDigests">Whether digests are shown, a row each (--digests).</param>
    /// <param name="needDigests">Whether the format names them.</param>
    public IEnumerable<Row> Of(JsonElement image, bool withDigests, bool needDigests)
    {
        var tags = image.Texts("RepoTags");
        var digests = image.Texts("RepoDigests");
        if ((tags.Count == 0 && digests.Count == 0) || (tags is ["<none>:<none>"] && digests is ["<none>@<none>"])) return [Row(image, None, None, None)];

        var tagsByName = Group(tags, reference => reference.Tag);
        var digestsByName = Group(digests, reference => reference.Digest.IsEmpty ? null : reference.Digest.ToString());
        var rows = new List<Row>();
        foreach (var (name, ofName) in tagsByName)
        {
            digestsByName.Remove(name, out var own);
            foreach (var tag in ofName)
            {
                if (!needDigests || own is null) rows.Add(Row(image, name, tag, None));
                else rows.AddRange(own.Select(digest => Row(image, name, tag, digest)));
            }
        }

        foreach (var (name, ofName) in digestsByName)
        {
            if (withDigests) rows.AddRange(ofName.Select(digest => Row(image, name, None, digest)));
            else rows.Add(Row(image, name, None, ""));
        }

        return rows;
    }

    /// <summary>One row for the image, with the first of its tags.</summary>
    public Row OfFirstTag(JsonElement image) =>
        image.Texts("RepoTags") is [var tag, ..] && tag != "<none>:<none>" && Reference.TryParse(tag, out var reference)
            ? Row(image, reference.FamiliarName, reference.Tag ?? None, None)
            : Row(image, None, None, None);

    private static SortedDictionary<string, List<string>> Group(List<string> names, Func<Reference, string?> part)
    {
        var result = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (!Reference.TryParse(name, out var reference) || part(reference) is not { } value) continue;
            if (!result.TryGetValue(reference.FamiliarName, out var list)) result[reference.FamiliarName] = list = [];
            list.Add(value);
        }

        return result;
    }

    private Row Row(JsonElement i, string repository, string tag, string digest) => new("formatter.imageContext", new Dictionary<string, Func<object?>>
    {
        ["ID"] = () => truncate ? Ids.Shorten(i.Text("Id")) : i.Text("Id"),
        ["Repository"] = () => repository,
        ["Tag"] = () => tag,
        ["Digest"] = () => digest,
        ["CreatedSince"] = () => Units.Duration(session.Clock.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(i.Number("Created"))) + " ago",
        ["CreatedAt"] = () => session.LocalTime.Format(i.Number("Created")),
        ["Size"] = () => Units.Size(i.Number("Size"), 3),
        ["Containers"] = () => i.Number("Containers") is -1 ? "N/A" : i.Number("Containers").ToString(CultureInfo.InvariantCulture),
        ["VirtualSize"] = () => Units.Size(i.Number("Size")),
        ["SharedSize"] = () => i.Number("SharedSize") is -1 ? "N/A" : Units.Size(i.Number("SharedSize")),
        ["UniqueSize"] = () => i.Number("Size") is -1 || i.Number("SharedSize") is -1 ? "N/A" : Units.Size(i.Number("Size") - i.Number("SharedSize")),
    });
}

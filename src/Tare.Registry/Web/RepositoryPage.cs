using Tare.Registry.Http;

namespace Tare.Registry.Web;

/// <summary>A repository's tags.</summary>
internal static class RepositoryPage
{
    private const int MostAnnotations = 50;

    internal static string Render(Exchange exchange, IReadOnlyList<TagView> tags, long count, int? next, bool mayLogIn)
    {
        var page = Frame.Open(exchange, $"{exchange.Name} · {exchange.Host}", "", mayLogIn);
        page.Raw("<h1>").Text(exchange.Name).Raw("</h1><p class=\"soft\">").Number(count).Text(count == 1 ? " tag" : " tags").Raw("</p>");
        foreach (var tag in tags) Tag(page, exchange, tag);
        if (next is { } skip) page.Raw("<p><a rel=\"next\" href=\"?skip=").Number(skip).Raw("\">Older tags</a></p>");
        return Frame.Close(page);
    }

    private static void Tag(Html page, Exchange exchange, TagView tag)
    {
        page.Raw("<article><h2>").Text(tag.Name).Raw("</h2><dl><dt>Size</dt><dd>").Size(tag.Size).Raw("</dd>");
        var platforms = tag.Images.Select(image => image.Platform).Where(platform => platform.Length > 0).Distinct().ToList();
        if (platforms.Count > 0) page.Raw("<dt>Platforms</dt><dd>").Text(string.Join(", ", platforms)).Raw("</dd>");
        if (tag.ArtifactType is { } type) page.Raw("<dt>Type</dt><dd>").Text(type).Raw("</dd>");
        if (tag.Images.Max(image => image.Created) is { } created) page.Raw("<dt>Created</dt><dd>").Time(created).Raw("</dd>");
        page.Raw("<dt>Pushed</dt><dd>").Time(tag.Updated).Raw("</dd>");
        if (tag.Pulled is { } pulled) page.Raw("<dt>Last pulled</dt><dd>").Time(pulled).Raw("</dd>");
        page.Raw("<dt>Digest</dt><dd><code>").Text(tag.Digest).Raw("</code></dd></dl>");
        page.Raw("<pre>docker pull ").Text($"{exchange.Host}/{exchange.Name}:{tag.Name}").Raw("</pre>");
        foreach (var image in tag.Images) Layers(page, image);
        Annotations(page, tag);
        page.Raw("</article>");
    }

    private static void Layers(Html page, ImageView image)
    {
        page.Raw("<details><summary>").Number(image.Layers.Count).Text(image.Layers.Count == 1 ? " layer" : " layers");
        if (image.Platform.Length > 0) page.Raw(" · ").Text(image.Platform);
        page.Raw("</summary><table>");
        foreach (var layer in image.Layers)
            page.Raw("<tr><td><code>").Text(layer.Digest).Raw("</code></td><td class=\"size\">").Size(layer.Size).Raw("</td></tr>");
        page.Raw("</table></details>");
    }

    private static void Annotations(Html page, TagView tag)
    {
        if (tag.Annotations.Count == 0) return;
        page.Raw("<details><summary>Annotations</summary><table>");
        foreach (var (name, value) in tag.Annotations.OrderBy(pair => pair.Key, StringComparer.Ordinal).Take(MostAnnotations))
            page.Raw("<tr><td>").Text(name).Raw("</td><td>").Text(value).Raw("</td></tr>");
        page.Raw("</table></details>");
    }
}

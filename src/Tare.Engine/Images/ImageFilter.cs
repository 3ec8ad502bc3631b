using System.IO.Enumeration;
using Tare.Images;
using Tare.Oci;

namespace Tare.Engine.Images;

/// <summary>Which images a list or a prune is about.</summary>
internal static class ImageFilter
{
    /// <summary>For <c>images</c>.</summary>
    public static Func<Image, bool> For(Filters filters, ImageStore store, TimeProvider time)
    {
        var before = Named(filters, "before", store);
        var since = Named(filters, "since", store);
        var until = filters.Until(time);
        var dangling = filters.Contains("dangling") ? filters.GetBoolean("dangling", otherwise: false) : (bool?)null;
        var names = Names(filters);
        return image =>
            (before is null || (image.Created ?? default) < (before.Created ?? default))
            && (since is null || (image.Created ?? default) > (since.Created ?? default))
            && (until is null || image.Created <= until)
            && (dangling is null || image.IsDangling == dangling)
            && filters.MatchPairs("label", image.Config.Config?.Labels)
            && (!filters.Contains("reference") || image.Tags.Concat(image.Digests).Any(names));
    }

    /// <summary>The names that a row shows: with a filter on them, those alone that it lets through.</summary>
    public static Func<Reference, bool> Names(Filters filters)
    {
        var references = filters.Get("reference");
        return name => references.Count == 0 || references.Any(pattern => Matches(pattern, name));
    }

    /// <summary>For <c>image prune</c>.</summary>
    public static Func<Image, bool> ForPrune(Filters filters, TimeProvider time)
    {
        var until = filters.Until(time);
        return image =>
            (until is null || image.Created <= until)
            && filters.MatchLabels(image.Config.Config?.Labels);
    }

    private static Image? Named(Filters filters, string key, ImageStore store) => filters.Get(key) is [var name, ..] ? store.Get(name) : null;

    /// <summary>A pattern is matched with the name and with the name and tag, in their familiar forms; a star ends at a slash.</summary>
    private static bool Matches(string pattern, Reference name) =>
        Glob(pattern, name.FamiliarString) || Glob(pattern, name.FamiliarName) || Glob(pattern, name.ToString());

    private static bool Glob(string pattern, string text)
    {
        var patterns = pattern.Split('/');
        var parts = text.Split('/');
        return patterns.Length == parts.Length && patterns.Zip(parts).All(pair => FileSystemName.MatchesSimpleExpression(pair.First, pair.Second, ignoreCase: false));
    }
}

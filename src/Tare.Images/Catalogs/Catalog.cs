using System.Collections.Concurrent;
using System.Text.Json;
using Tare.Errors;
using Tare.Images.Content;
using Tare.Images.Layers;
using Tare.Oci;
using Tare.Oci.Images;
using Tare.Store;

namespace Tare.Images.Catalogs;

/// <summary>The images and their names, read from the database once and again after each change. Thread-safe.</summary>
internal sealed class Catalog(Database database, ContentStore content, LayerStore layers)
{
    private readonly Lock _reading = new();
    private readonly ConcurrentDictionary<Digest, OciImageConfig> _configurations = new();
    private CatalogSnapshot? _snapshot;

    /// <summary>The images as they are now.</summary>
    internal CatalogSnapshot Current
    {
        get
        {
            lock (_reading) return _snapshot ??= Read();
        }
    }

    /// <summary>The database has changed.</summary>
    internal void Invalidate()
    {
        lock (_reading) _snapshot = null;
    }

    /// <summary>Reads an image's configuration.</summary>
    /// <exception cref="TareException">It is no configuration.</exception>
    internal static OciImageConfig Parse(ReadOnlySpan<byte> configuration, string what)
    {
        try
        {
            return JsonSerializer.Deserialize(configuration, ImageConfigJson.Default.OciImageConfig)
                ?? throw TareException.Invalid($"{what} is empty");
        }
        catch (JsonException e)
        {
            throw TareException.Invalid($"{what} is no image configuration: {e.Message}", e);
        }
    }

    private CatalogSnapshot Read() => database.Read(session =>
    {
        var names = session.Query(
            "SELECT name, tag, digest, image, target FROM image_name",
            row => (Reference: ReferenceOf(row.GetString(0), row.GetString(1), row.GetString(2)), Image: Digest.Parse(row.GetString(3)), Target: row.GetString(4)));
        var namesByImage = names.ToLookup(name => name.Image, name => name.Reference);
        var layersByImage = session.Query(
                "SELECT h.image, h.layer, l.size, l.diff_id FROM image_has_layer AS h JOIN image_layer AS l ON l.id = h.layer ORDER BY h.image, h.position",
                row => (Image: row.GetString(0), Layer: row.GetInt64(1), Size: row.GetInt64(2), DiffId: Digest.Parse(row.GetString(3))))
            .ToLookup(row => row.Image);
        var rows = session.Query(
            "SELECT id, parent, tagged FROM image",
            row => (Id: row.GetString(0), Parent: row.GetStringOrNull(1), Tagged: row.GetInt64OrNull(2)));
        var ids = rows.Select(row => row.Id).ToHashSet(StringComparer.Ordinal);
        var parents = rows.Select(row => row.Parent).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var indexes = session.Query(
                "SELECT h.image_index, h.manifest, m.image FROM image_index_has_manifest AS h LEFT JOIN image_manifest AS m ON m.digest = h.manifest ORDER BY h.image_index, h.position",
                row => (Index: Digest.Parse(row.GetString(0)), Entry: new IndexEntry(Digest.Parse(row.GetString(1)), row.GetStringOrNull(2) is { } image ? Digest.Parse(image) : default)))
            .GroupBy(row => row.Index, row => row.Entry)
            .ToDictionary(group => group.Key, IReadOnlyList<IndexEntry> (group) => [.. group]);
        // An index is there as long as a name stands for it.
        var variants = indexes.Values.SelectMany(entries => entries).Select(entry => entry.Image).ToHashSet();
        var images = new Dictionary<Digest, Image>(rows.Count);
        foreach (var (text, parent, tagged) in rows)
        {
            var id = Digest.Parse(text);
            var own = namesByImage[id].OrderBy(name => name.ToString(), StringComparer.Ordinal).ToList();
            var below = layersByImage[text].ToList();
            var configuration = ConfigurationOf(id, out var damage);
            images.Add(id, new Image
            {
                Id = id,
                Config = configuration,
                Damage = damage,
                DiffIds = [.. below.Select(layer => layer.DiffId)],
                LayerSizes = [.. below.Select(layer => layer.Size)],
                LayerDirectories = [.. below.Select(layer => layers.DirectoryOf(layer.Layer))],
                Tags = [.. own.Where(name => name.Digest.IsEmpty)],
                Digests = [.. own.Where(name => !name.Digest.IsEmpty)],
                Size = below.Sum(layer => layer.Size),
                Created = Timestamps.Parse(configuration.Created),
                LastTagged = tagged is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
                Parent = parent is not null && ids.Contains(parent) ? Digest.Parse(parent) : default,
                IsDangling = own.Count == 0 && !parents.Contains(text) && !variants.Contains(id),
            });
        }

        foreach (var gone in _configurations.Keys)
        {
            if (!images.ContainsKey(gone)) _configurations.TryRemove(gone, out _);
        }

        return new CatalogSnapshot(
            images,
            names.ToDictionary(name => name.Reference.ToString(), name => (name.Image, name.Target.Length > 0 ? Digest.Parse(name.Target) : default), StringComparer.Ordinal),
            indexes);
    });

    /// <summary>One that is missing or damaged spoils its own image and no other: it is read again the next time, and meanwhile an empty one stands for it.</summary>
    private OciImageConfig ConfigurationOf(Digest id, out string? damage)
    {
        damage = null;
        if (_configurations.TryGetValue(id, out var known)) return known;
        if (content.TryRead(id, out damage) is { } document)
        {
            try
            {
                return _configurations[id] = Parse(document, $"the content {id}");
            }
            catch (TareException e)
            {
                damage = e.Message;
            }
        }

        damage = $"the configuration of the image {id.Short} cannot be used: {damage}; load the image again, or remove it";
        return new OciImageConfig();
    }

    private static Reference ReferenceOf(string name, string tag, string digest)
    {
        var reference = Reference.Parse(name);
        if (tag.Length > 0) reference = reference.WithTag(tag);
        return digest.Length > 0 ? reference.WithDigest(Digest.Parse(digest)) : reference;
    }
}

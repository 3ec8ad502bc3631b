using System.Globalization;
using System.Text;
using Tare.Errors;
using Tare.Images.Catalogs;
using Tare.Images.Roots;
using Tare.Linux;
using Tare.Oci;
using Tare.Store;

namespace Tare.Images.Layers;

/// <summary>
/// The directories of files: one for each layer, shared by all images that have it, and one for each container. Every directory
/// is journaled in the database before it is made and until it is gone, so that a crash leaves nothing unaccounted. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// layers/&lt;id&gt;/fs          id: a few characters, because mount options are limited to a page
/// layers/&lt;id&gt;/marks       only where it has some, see <see cref="Whiteouts"/>
/// containers/&lt;id&gt;/fs      the container's upper directory, or its copy of the layers
/// containers/&lt;id&gt;/work    overlay's own
/// containers/&lt;id&gt;/images/&lt;n&gt;   for each image that is mounted beside the root, see <see cref="MountedImage"/>
/// </code>
/// </remarks>
public sealed class LayerStore : IDisposable
{
    private const int PrivateMode = 0x1C0;
    private const int RootMode = 0x1ED;

    /// <summary>In place of a boot: the copy is not complete.</summary>
    private const string Copying = "copying";

    private readonly string _layersPath;
    private readonly string _containersPath;
    private readonly Database _database;
    private readonly StorageOptions _storage;
    private readonly Fd _layers;
    private readonly Fd _containers;

    // Changed and read only inside write transactions, which follow one another, and when a hold is given back.
    private readonly Dictionary<long, int> _held = [];
    private bool _postponed;

    internal LayerStore(string dataRoot, Database database, StorageOptions storage)
    {
        _database = database;
        _storage = storage;
        _layersPath = Path.Combine(dataRoot, "layers");
        _containersPath = Path.Combine(dataRoot, "containers");
        _layers = PrivateDirectory.Open(_layersPath);
        _containers = PrivateDirectory.Open(_containersPath);
    }

    /// <summary>The id of this boot of the machine: what was written during another one and not synced may be lost.</summary>
    internal static string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>How the roots of new containers are made.</summary>
    public StorageDriver Driver => _storage.Driver;

    /// <summary>Makes the root of a container from an image, and the places of images beside it, and keeps the layers of all for as long as it exists.</summary>
    /// <remarks>A copy takes as long as its files take; who makes one asks for <see cref="Settle"/> afterwards.</remarks>
    /// <exception cref="TareException">Conflict: the container has one; NotFound: the image has just been removed; Internal: the disk is full.</exception>
    public WritableRoot CreateWritable(string containerId, Image image, params IReadOnlyList<Image> mounted)
    {
        var copied = Driver == StorageDriver.Vfs;
        var lower = _database.Write(session =>
        {
            if (session.QueryFirst("SELECT 1 FROM image_writable WHERE container = ?", row => row.GetInt64(0), containerId) != 0)
                throw TareException.Conflict($"the container {containerId} has a writable layer already");
            var layers = LayersOf(session, image);
            session.Execute("INSERT INTO image_writable (container, copied, boot) VALUES (?, ?, ?)", containerId, copied ? 1 : 0, copied ? Copying : null);
            for (var i = 0; i < layers.Count; i++)
                session.Execute("INSERT INTO image_writable_has_layer (container, position, layer) VALUES (?, ?, ?)", containerId, i, layers[i]);
            for (var mount = 0; mount < mounted.Count; mount++)
            {
                foreach (var (position, layer) in LayersOf(session, mounted[mount]).Index())
                    session.Execute("INSERT INTO image_mounted_has_layer (container, mount, position, layer) VALUES (?, ?, ?, ?)", containerId, mount, position, layer);
            }

            return layers;
        });
        try
        {
            var root = Writable(containerId, copied, lower);
            var name = Encoding.UTF8.GetBytes(containerId);
            var error = FileSystem.MakeDirectory(_containers, name, PrivateMode);
            if (error is not (0 or Errno.EEXIST)) throw Failure(containerId, error);
            using var container = BytePaths.TryOpenDirectory(_containers, name, out error) ?? throw Failure(containerId, error);
            if (!copied) Make(container, "work"u8, PrivateMode, containerId);
            Make(container, "fs"u8, RootMode, containerId);
            if (mounted.Count > 0) MakeMounted(container, containerId, mounted.Count, copied);
            if (copied) Fill((CopiedRoot)root, container);
            return root;
        }
        catch
        {
            RemoveWritable(containerId);
            throw;
        }
    }

    /// <summary>The root of a container, or <see langword="null"/>.</summary>
    public WritableRoot? FindWritable(string containerId) => _database.Read(session =>
        session.QueryFirst<long?>("SELECT copied FROM image_writable WHERE container = ?", row => row.GetInt64(0), containerId) is not { } copied
            ? null
            : Writable(containerId, copied != 0, session.Query(
                "SELECT layer FROM image_writable_has_layer WHERE container = ? ORDER BY position", row => row.GetInt64(0), containerId)));

    /// <summary>An image that a container has mounted beside its root, by its place in the list that <see cref="CreateWritable"/> got; <see langword="null"/> when the container has no root.</summary>
    public MountedImage? FindMounted(string containerId, int mount) => _database.Read(session =>
        session.QueryFirst<long?>("SELECT copied FROM image_writable WHERE container = ?", row => row.GetInt64(0), containerId) is not { } copied
            ? null
            : new MountedImage(
                Path.Combine(_containersPath, containerId, "images", NumberOf(mount)),
                copied != 0,
                [.. session.Query("SELECT layer FROM image_mounted_has_layer WHERE container = ? AND mount = ? ORDER BY position DESC", row => DirectoryOf(row.GetInt64(0)), containerId, mount)]));

    /// <summary>
    /// Removes a container's writable directories and gives its layers free; nothing happens when there are none. The rest of
    /// <c>containers/&lt;id&gt;</c> is the caller's; the directory itself goes if nothing else is in it.
    /// </summary>
    public void RemoveWritable(string containerId)
    {
        if (FindWritable(containerId) is null) return;
        var name = Encoding.UTF8.GetBytes(containerId);
        using (var container = BytePaths.TryOpenDirectory(_containers, name, out _))
        {
            if (container is not null)
            {
                DirectoryTree.Remove(container, "fs"u8);
                DirectoryTree.Remove(container, "work"u8);
                DirectoryTree.Remove(container, "images"u8);
            }
        }

        var error = FileSystem.RemoveDirectory(_containers, name);
        if (error is not (0 or Errno.ENOENT or Errno.ENOTEMPTY)) throw Failure(containerId, error);
        var freed = _database.Write(session =>
        {
            session.Execute("DELETE FROM image_writable WHERE container = ?", containerId);
            return DoomUnused(session);
        });
        RemoveDoomed(freed);
    }

    /// <summary>The ids of all containers that have writable directories.</summary>
    public IReadOnlyList<string> ListWritables() =>
        _database.Read(session => session.Query("SELECT container FROM image_writable ORDER BY container", row => row.GetString(0)));

    /// <summary>Removes the writable directories of containers that are not listed: what a crash may have left.</summary>
    public void SweepWritables(IReadOnlySet<string> containers)
    {
        foreach (var container in ListWritables())
        {
            if (!containers.Contains(container)) RemoveWritable(container);
        }
    }

    /// <summary>A layer as an archive; it stays for as long as the caller holds it (see <see cref="TryHold"/>).</summary>
    /// <exception cref="TareException">NotFound: there is no such layer; Internal: it was extracted before recipes were kept.</exception>
    internal LayerArchive OpenArchive(Digest diffId)
    {
        var found = _database.Read(session => session.QueryFirst<(long Id, long? Length)?>(
            "SELECT id, archive FROM image_layer WHERE diff_id = ? AND state = ?",
            row => (row.GetInt64(0), row.GetInt64OrNull(1)),
            diffId.ToString(),
            CatalogSchema.Ready)) ?? throw TareException.NotFound($"there is no layer {diffId}");
        var length = found.Length ?? throw TareException.Internal($"the layer {diffId.Short} was extracted by an older version that could not make archives again; remove its image and load or pull it again");
        return new LayerArchive(diffId, length, Path.Combine(_layersPath, LayerName.Of(found.Id)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _layers.Dispose();
        _containers.Dispose();
    }

    /// <summary>The directory of a layer.</summary>
    internal string DirectoryOf(long id) => Path.Combine(_layersPath, LayerName.Of(id), "fs");

    /// <summary>Journals and makes a directory to extract to.</summary>
    internal LayerDraft Begin()
    {
        var id = _database.Write(session =>
        {
            session.Execute("INSERT INTO image_layer (state) VALUES (?)", CatalogSchema.Draft);
            return session.LastInsertId;
        });
        try
        {
            var name = Encoding.ASCII.GetBytes(LayerName.Of(id));
            Make(_layers, name, PrivateMode, "the layer");
            var layer = BytePaths.TryOpenDirectory(_layers, name, out var error) ?? throw Failure("the layer", error);
            try
            {
                Make(layer, "fs"u8, RootMode, "the layer");
                var root = BytePaths.TryOpenDirectory(layer, "fs"u8, out error) ?? throw Failure("the layer", error);
                return new LayerDraft(this, id, layer, root);
            }
            catch
            {
                layer.Dispose();
                throw;
            }
        }
        catch
        {
            Discard(id);
            throw;
        }
    }

    /// <summary>Gives a filled directory its digest, or finds the one that another operation has published meanwhile.</summary>
    /// <returns>The row that has the layer.</returns>
    internal static long Publish(WriteSession session, LayerDraft draft)
    {
        if (FindReady(session, draft.DiffId) is { } existing) return existing;
        session.Execute(
            "UPDATE image_layer SET diff_id = ?, size = ?, archive = ?, state = ?, boot = ? WHERE id = ?",
            draft.DiffId.ToString(),
            draft.Size,
            draft.ArchiveLength,
            CatalogSchema.Ready,
            BootId,
            draft.Id);
        return draft.Id;
    }

    /// <summary>The row that has a layer.</summary>
    internal static long? FindReady(ReadSession session, Digest diffId) =>
        session.QueryFirst<long?>(
            "SELECT id FROM image_layer WHERE diff_id = ? AND state = ?", row => row.GetInt64(0), diffId.ToString(), CatalogSchema.Ready);

    /// <summary>Keeps a layer, if it is there, from being removed with its last image, until <see cref="Release"/>: a load counts on it.</summary>
    /// <returns>The row that has the layer.</returns>
    internal long? TryHold(Digest diffId)
    {
        if (_database.Read(session => FindReady(session, diffId)) is null) return null;
        return _database.Write(session =>
        {
            if (FindReady(session, diffId) is not { } layer) return (long?)null;
            lock (_held) _held[layer] = _held.GetValueOrDefault(layer) + 1;
            return layer;
        });
    }

    /// <summary>Publishes a layer before any image has it, and holds it until <see cref="Release"/>.</summary>
    /// <returns>The row that has the layer; the draft is spent.</returns>
    internal long PublishHeld(LayerDraft draft)
    {
        using (draft)
        {
            var layer = _database.Write(session =>
            {
                var id = Publish(session, draft);
                lock (_held) _held[id] = _held.GetValueOrDefault(id) + 1;
                return id;
            });
            draft.Published = layer == draft.Id;
            return layer;
        }
    }

    /// <summary>Gives layers back, and removes those that lost their last image meanwhile.</summary>
    /// <param name="layers">The rows.</param>
    /// <param name="unused">Whether some may never have had an image: what was to use them has failed.</param>
    internal void Release(IReadOnlyCollection<long> layers, bool unused = false)
    {
        lock (_held)
        {
            foreach (var layer in layers)
            {
                if (--_held[layer] == 0) _held.Remove(layer);
            }

            if (!_postponed && !unused) return;
            _postponed = false;
        }

        RemoveDoomed(_database.Write(DoomUnused));
    }

    /// <summary>The DiffIDs under each container and of each image that it has mounted, the lowest first.</summary>
    internal static IEnumerable<IReadOnlyList<Digest>> WritableChains(ReadSession session) =>
        session.Query(
                """
                SELECT h.container, h.mount, l.diff_id FROM (
                    SELECT container, -1 AS mount, position, layer FROM image_writable_has_layer
                    UNION ALL SELECT container, mount, position, layer FROM image_mounted_has_layer
                ) AS h JOIN image_layer AS l ON l.id = h.layer ORDER BY h.container, h.mount, h.position
                """,
                row => (Owner: (row.GetString(0), row.GetInt64(1)), DiffId: Digest.Parse(row.GetString(2))))
            .GroupBy(row => row.Owner, row => row.DiffId)
            .Select(group => group.ToList())
            .ToList();

    /// <summary>Marks all layers that nobody needs; their directories go with <see cref="RemoveDoomed"/> after the commit.</summary>
    internal IReadOnlyList<long> DoomUnused(WriteSession session)
    {
        const string unused = """
            SELECT id FROM image_layer AS l WHERE state = ?
                AND NOT EXISTS (SELECT 1 FROM image_has_layer WHERE layer = l.id)
                AND NOT EXISTS (SELECT 1 FROM image_writable_has_layer WHERE layer = l.id)
                AND NOT EXISTS (SELECT 1 FROM image_mounted_has_layer WHERE layer = l.id)
            """;
        List<long> layers = [.. session.Query(unused, row => row.GetInt64(0), CatalogSchema.Ready)];
        lock (_held)
        {
            if (layers.RemoveAll(_held.ContainsKey) > 0) _postponed = true;
        }

        // The digest goes too: the layer may come again before its old directory is gone.
        foreach (var layer in layers)
            session.Execute("UPDATE image_layer SET state = ?, diff_id = NULL WHERE id = ?", CatalogSchema.Doomed, layer);
        return layers;
    }

    /// <summary>Removes the directories of layers that are marked, and their rows.</summary>
    internal void RemoveDoomed(IReadOnlyList<long> layers)
    {
        foreach (var layer in layers) Discard(layer);
    }

    /// <summary>Removes a directory and its row.</summary>
    internal void Discard(long id)
    {
        DirectoryTree.Remove(_layers, Encoding.ASCII.GetBytes(LayerName.Of(id)));
        _database.Write(session => session.Execute("DELETE FROM image_layer WHERE id = ?", id));
    }

    /// <summary>Removes what a crash has left: drafts, doomed layers, and directories that no row accounts for.</summary>
    internal void Sweep()
    {
        var (ready, rest) = _database.Read(session => (
            session.Query("SELECT id FROM image_layer WHERE state = ?", row => row.GetInt64(0), CatalogSchema.Ready),
            session.Query("SELECT id FROM image_layer WHERE state <> ?", row => row.GetInt64(0), CatalogSchema.Ready)));
        RemoveDoomed(rest);
        var names = ready.Select(LayerName.Of).ToHashSet(StringComparer.Ordinal);
        using var listing = BytePaths.TryOpenDirectory(_layers, "."u8, out var error) ?? throw new LinuxException("list the layers", error);
        foreach (var entry in DirectoryTree.List(listing))
        {
            if (!names.Contains(Encoding.UTF8.GetString(entry.Name))) DirectoryTree.Remove(_layers, entry.Name);
        }
    }

    /// <summary>Waits until all layers and copies of them are on the disk, and notes it.</summary>
    internal void Settle()
    {
        var (layers, copies) = _database.Read(session => (
            session.Query("SELECT id FROM image_layer WHERE boot IS NOT NULL AND state = ?", row => row.GetInt64(0), CatalogSchema.Ready),
            session.Query("SELECT container FROM image_writable WHERE boot = ?", row => row.GetString(0), BootId)));
        if (layers.Count + copies.Count == 0) return;
        var error = FileContent.SyncFileSystem(_layers);
        if (error != 0) throw new LinuxException("sync the layers' file system", error);
        _database.Write(session =>
        {
            foreach (var layer in layers) session.Execute("UPDATE image_layer SET boot = NULL WHERE id = ?", layer);
            foreach (var container in copies) session.Execute("UPDATE image_writable SET boot = NULL WHERE container = ?", container);
        });
    }

    /// <summary>Removes copies that were made during another boot and never seen on the disk: files of theirs may be empty.</summary>
    /// <returns>The containers.</returns>
    internal IReadOnlyList<string> DropUnsettledCopies()
    {
        var lost = _database.Read(session => session.Query(
            "SELECT container, boot FROM image_writable WHERE boot IS NOT NULL AND boot <> ?", row => (Container: row.GetString(0), Boot: row.GetString(1)), BootId));
        foreach (var (container, _) in lost) RemoveWritable(container);
        // What was still being made has no container yet.
        return [.. lost.Where(row => row.Boot != Copying).Select(row => row.Container)];
    }

    private static IReadOnlyList<long> LayersOf(ReadSession session, Image image)
    {
        var layers = session.Query("SELECT layer FROM image_has_layer WHERE image = ? ORDER BY position", row => row.GetInt64(0), image.Id.ToString());
        return layers.Count == image.DiffIds.Count ? layers : throw TareException.NotFound($"No such image: {image.Id}");
    }

    private static string NumberOf(int mount) => mount.ToString(CultureInfo.InvariantCulture);

    private void MakeMounted(Fd container, string containerId, int count, bool copied)
    {
        Make(container, "images"u8, PrivateMode, containerId);
        using var images = BytePaths.TryOpenDirectory(container, "images"u8, out var error) ?? throw Failure(containerId, error);
        for (var mount = 0; mount < count; mount++)
        {
            var name = Encoding.ASCII.GetBytes(NumberOf(mount));
            Make(images, name, RootMode, containerId);
            if (!copied) continue;
            using var target = BytePaths.TryOpenDirectory(images, name, out error) ?? throw Failure(containerId, error);
            FindMounted(containerId, mount)!.Fill(target);
        }
    }

    private void Fill(CopiedRoot root, Fd container)
    {
        using (var target = BytePaths.TryOpenDirectory(container, "fs"u8, out var error) ?? throw Failure("the container", error)) root.Fill(target);
        _database.Write(session => session.Execute("UPDATE image_writable SET boot = ? WHERE copied = 1 AND boot = ? AND container = ?", BootId, Copying, root.ContainerId));
    }

    private static void Make(Fd directory, ReadOnlySpan<byte> name, int mode, string what)
    {
        var error = FileSystem.MakeDirectory(directory, name, mode);
        if (error != 0) throw Failure(what, error);
        // The umask of the process may have taken bits away.
        using var made = BytePaths.TryOpenDirectory(directory, name, out error) ?? throw Failure(what, error);
        error = NodeAttributes.SetMode(made, mode);
        if (error != 0) throw Failure(what, error);
    }

    private static TareException Failure(string what, int error) => error is Errno.ENOSPC or Errno.EDQUOT
        ? TareException.Internal($"there is no room for the directories of {what}: no space left on device; free some space in the data root and try again")
        : new LinuxException($"make the directories of {what}", error);

    private WritableRoot Writable(string containerId, bool copied, IReadOnlyList<long> layers)
    {
        var directory = Path.Combine(_containersPath, containerId, "fs");
        IReadOnlyList<string> image = [.. layers.Reverse().Select(DirectoryOf)];
        return copied
            ? new CopiedRoot(containerId, directory, image, _storage.BaseLayer)
            : new OverlayRoot(containerId, directory, Path.Combine(_containersPath, containerId, "work"), image, _storage.BaseLayer);
    }
}

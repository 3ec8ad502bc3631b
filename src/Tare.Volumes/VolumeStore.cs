using Tare.Errors;
using Tare.Store;

namespace Tare.Volumes;

/// <summary>
/// The volumes of an engine. Each has users, which are containers, running or not: as long as it has one it cannot be removed.
/// Thread-safe. The texts of its errors are Docker's where Docker has one.
/// </summary>
public sealed class VolumeStore
{
    private readonly VolumeTable _table;
    private readonly VolumeDirectories _directories;
    private readonly VolumeQuotas _quotas;
    private readonly TimeProvider _time;
    private readonly Lock _changing = new();
    private readonly Dictionary<string, Entry> _volumes = new(StringComparer.Ordinal);

    private VolumeStore(string dataRoot, Database database, TimeProvider time, IProjectQuotas quotas)
    {
        _table = new VolumeTable(database);
        _directories = new VolumeDirectories(dataRoot);
        _quotas = new VolumeQuotas(_directories.Folder, quotas);
        _time = time;
    }

    /// <summary>The tables of this floor, for <see cref="Database.Open"/>.</summary>
    public static SchemaOwner Schema => VolumeTable.Owner;

    /// <summary>What a crash has left of removed volumes; <see cref="RemoveRemains"/> takes it away.</summary>
    public IReadOnlyList<string> Remains { get; private set; } = [];

    /// <summary>
    /// Opens the store. A row without a directory goes; a directory without a row, which was put there by hand, becomes a volume. Who uses
    /// what is not known before <see cref="Claim"/> and <see cref="Settle"/> have been called for all containers.
    /// </summary>
    /// <param name="dataRoot">The data root; <c>volumes</c> is below it.</param>
    /// <param name="database">The engine's database, opened with <see cref="Schema"/>.</param>
    /// <param name="time">The clock.</param>
    public static VolumeStore Open(string dataRoot, Database database, TimeProvider time) => Open(dataRoot, database, time, new KernelProjectQuotas());

    /// <summary>The same over other quotas.</summary>
    internal static VolumeStore Open(string dataRoot, Database database, TimeProvider time, IProjectQuotas quotas)
    {
        var store = new VolumeStore(Path.GetFullPath(dataRoot), database, time, quotas);
        store.Load();
        return store;
    }

    /// <summary>Finds a volume, or makes it.</summary>
    /// <param name="request">What is asked for; of a volume that is there already only the name counts.</param>
    /// <param name="user">The container that uses it from now on; absent for none.</param>
    /// <param name="bound">An anonymous volume that is made lives and dies with the user until <see cref="Keep"/>.</param>
    /// <exception cref="TareException">InvalidArgument: the name or an option is wrong; Internal: the disk is full.</exception>
    public (Volume Volume, bool Created) Claim(VolumeRequest request, string? user = null, bool bound = false)
    {
        var name = request.Name;
        if (name.Length > 0) VolumeName.Check(name);
        lock (_changing)
        {
            if (name.Length > 0 && _volumes.TryGetValue(name, out var existing))
            {
                if (user is not null) existing.Users.Add(user);
                return (existing.Volume, false);
            }
            var volume = Make(request, bound && name.Length == 0 ? user : null);
            var entry = new Entry(volume);
            if (user is not null) entry.Users.Add(user);
            _volumes.Add(volume.Name, entry);
            return (volume, true);
        }
    }

    /// <summary>All volumes, sorted by name.</summary>
    public IReadOnlyList<Volume> List()
    {
        lock (_changing) return [.. _volumes.Values.Select(entry => entry.Volume).OrderBy(volume => volume.Name, StringComparer.Ordinal)];
    }

    /// <summary>A volume; null when there is none.</summary>
    public Volume? Find(string name)
    {
        lock (_changing) return _volumes.GetValueOrDefault(name)?.Volume;
    }

    /// <summary>A volume.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.NotFound"/>.</exception>
    public Volume Get(string name) => Find(name) ?? throw TareException.NotFound($"get {name}: no such volume");

    /// <summary>The containers that use a volume.</summary>
    public IReadOnlyList<string> UsersOf(string name)
    {
        lock (_changing) return _volumes.TryGetValue(name, out var entry) ? [.. entry.Users.Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>A container uses its volumes no more.</summary>
    public void Release(string user)
    {
        lock (_changing)
        {
            foreach (var entry in _volumes.Values) entry.Users.Remove(user);
        }
    }

    /// <summary>Volumes are to be removed together with a container: whatever happens, they go when it has gone and nobody else uses them.</summary>
    public void Bind(IReadOnlyCollection<string> names, string container)
    {
        if (names.Count > 0) _table.Bind(names, container);
    }

    /// <summary>The volumes that were bound to a container and have not been kept.</summary>
    public IReadOnlyList<string> BoundTo(string container) => _table.BoundTo(container);

    /// <summary>The container is written down, or was not removed: the volumes that were bound to it live by themselves.</summary>
    public void Keep(string container) => _table.Unbind(container);

    /// <summary>Removes a volume. What is left of it on the disk is named, for <see cref="RemoveRemains"/>.</summary>
    /// <exception cref="TareException">NotFound; Conflict: it has users.</exception>
    public string? Remove(string name)
    {
        lock (_changing)
        {
            if (!_volumes.TryGetValue(name, out var entry)) throw TareException.NotFound($"get {name}: no such volume");
            if (entry.Users.Count > 0) throw TareException.Conflict($"remove {name}: volume is in use - [{string.Join(", ", entry.Users.Order(StringComparer.Ordinal))}]");
            var aside = _directories.PutAside(name, entry.Volume.Quota);
            _volumes.Remove(name);
            _table.Delete(name);
            return aside;
        }
    }

    /// <summary>Removes from the disk what is left of a volume; takes as long as it has files.</summary>
    public void RemoveRemains(string remains)
    {
        if (VolumeDirectories.ProjectOf(remains) is { } project) _quotas.Forget(project);
        _directories.Remove(remains);
    }

    /// <summary>
    /// Every container has claimed its volumes: those that were bound to one that is no more are removed.
    /// </summary>
    /// <returns>What is left of them on the disk.</returns>
    public IReadOnlyList<string> Settle(IReadOnlySet<string> containers)
    {
        var remains = new List<string>();
        foreach (var (volume, container) in _table.Bound())
        {
            if (containers.Contains(container) || UsersOf(volume).Count > 0) _table.Unbind(container);
            else if (Remove(volume) is { } aside) remains.Add(aside);
        }
        return remains;
    }

    /// <summary>Makes the directory of a volume anew that somebody has removed by hand, and sees to it that a quota is kept.</summary>
    /// <exception cref="TareException">InvalidArgument: the filesystem keeps no quotas any more.</exception>
    public void Restore(Volume volume)
    {
        lock (_changing)
        {
            if (!_directories.Exists(volume.Name))
            {
                MakeDirectory(volume);
            }
            else if (volume.Quota is { } quota)
            {
                using var data = _directories.OpenData(volume.Name);
                _quotas.Renew(volume.Name, data, quota);
            }
        }
    }

    /// <summary>Fills a volume that is empty with what is in an image at its place. Others who fill it at the same time wait.</summary>
    /// <param name="name">The volume.</param>
    /// <param name="copy">Fills a directory, and gives it the attributes that the volume's is to have; false when there is nothing to copy.</param>
    public void Fill(string name, Func<Linux.Fd, bool> copy)
    {
        Entry? entry;
        lock (_changing)
        {
            if (!_volumes.TryGetValue(name, out entry)) throw TareException.NotFound($"get {name}: no such volume");
        }
        lock (entry.Filling)
        {
            if (entry.Volume.NeedsMount) _directories.FillMounted(name, copy);
            else if (entry.Volume.Quota is { } quota) _directories.Fill(name, copy, directory => _quotas.Count(directory, quota));
            else _directories.Fill(name, copy);
        }
    }

    private Volume Make(VolumeRequest request, string? container)
    {
        var anonymous = request.Name.Length == 0;
        var name = anonymous ? VolumeName.Generate() : request.Name;
        var options = LocalOptions.Check(name, request.Options);
        var labels = request.Labels is null ? null : new Dictionary<string, string>(request.Labels, StringComparer.Ordinal);
        if (anonymous) (labels ??= new Dictionary<string, string>(StringComparer.Ordinal))[Volume.AnonymousLabel] = "";
        var volume = new Volume
        {
            Name = name,
            Created = _time.GetUtcNow(),
            Labels = labels,
            Options = options,
            Quota = LocalOptions.SizeOf(name, options) is > 0 and var bytes ? _quotas.Choose(name, bytes, IsTaken) : null,
            Path = _directories.DataOf(name),
        };
        _table.Insert(volume, container);
        try
        {
            MakeDirectory(volume);
        }
        catch
        {
            Forget(volume);
            throw;
        }
        return volume;
    }

    private void MakeDirectory(Volume volume)
    {
        if (volume.Quota is { } quota) _directories.Make(volume.Name, data => _quotas.Apply(data, quota));
        else _directories.Make(volume.Name);
    }

    /// <summary>A volume has no directory: its row goes after its limit has.</summary>
    private void Forget(Volume volume)
    {
        if (volume.Quota is { } quota) _quotas.Forget(quota.Project);
        _table.Delete(volume.Name);
    }

    private bool IsTaken(uint project) => _volumes.Values.Any(entry => entry.Volume.Quota?.Project == project);

    private void Load()
    {
        var remains = new List<string>();
        _directories.Sweep(remains.Add);
        Remains = remains;
        foreach (var volume in _table.Load(_directories.DataOf))
        {
            if (_directories.Exists(volume.Name)) _volumes.Add(volume.Name, new Entry(volume));
            else Forget(volume);
        }
        foreach (var name in _directories.Names().Where(name => !_volumes.ContainsKey(name)))
        {
            var volume = new Volume { Name = name, Created = _directories.TimeOf(name), Path = _directories.DataOf(name) };
            _table.Insert(volume, container: null);
            _volumes.Add(name, new Entry(volume));
        }
    }

    private sealed class Entry(Volume volume)
    {
        internal Volume Volume => volume;

        internal HashSet<string> Users { get; } = new(StringComparer.Ordinal);

        internal Lock Filling { get; } = new();
    }
}

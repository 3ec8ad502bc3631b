using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>Control groups of version 1: one directory in each hierarchy (Documentation/admin-guide/cgroup-v1).</summary>
internal sealed class CgroupV1 : Cgroup
{
    private const int SIGKILL = 9;

    private readonly GroupOptions options;
    private IReadOnlyList<CgroupHierarchy> hierarchies;
    private string[] directories;
    private string? unified;

    /// <summary>Groups at given places.</summary>
    /// <param name="path">See <see cref="Cgroup.Path"/>.</param>
    /// <param name="hierarchies">The hierarchies.</param>
    /// <param name="directories">The directory in each.</param>
    /// <param name="unified">The directory in the v2 hierarchy beside them, if that is used.</param>
    /// <param name="options">What the role wants.</param>
    public CgroupV1(string path, IReadOnlyList<CgroupHierarchy> hierarchies, string[] directories, string? unified, GroupOptions options)
        : base(path)
    {
        (this.hierarchies, this.directories, this.unified, this.options) = (hierarchies, directories, unified, options);
    }

    /// <summary>The same path in all hierarchies, as the daemon has it.</summary>
    public static CgroupV1 At(CgroupLayout layout, string path) => new(path, layout.Hierarchies, Below(layout.Hierarchies, path), null, GroupOptions.Daemon);

    /// <summary>A path below the top of each hierarchy.</summary>
    public static string[] Below(IReadOnlyList<CgroupHierarchy> hierarchies, string path)
    {
        var directories = new string[hierarchies.Count];
        for (var i = 0; i < directories.Length; i++) directories[i] = string.Concat(hierarchies[i].Path, path);
        return directories;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Directories => unified is null ? directories : [.. directories, unified];

    /// <inheritdoc/>
    public override CgroupState State
    {
        get
        {
            var paths = new Dictionary<string, string>();
            for (var i = 0; i < directories.Length; i++)
            {
                foreach (var controller in hierarchies[i].Controllers) paths[controller] = directories[i];
            }
            if (unified is not null) paths[""] = unified;
            return new CgroupState(paths, null, options.HasFlag(GroupOptions.Rootless));
        }
    }

    /// <summary>Whether there are any groups: a user without rights may have been given none.</summary>
    public bool IsEmpty => directories.Length == 0;

    /// <summary>What the role wants.</summary>
    public GroupOptions Options => options;

    /// <inheritdoc/>
    public override bool IsFrozen
    {
        get
        {
            if (DirectoryOf("freezer") is not { } directory || ControlFiles.TryReadText(directory, "freezer.state", out _) != "FROZEN") return false;
            return ControlFiles.TryReadText(directory, "freezer.self_freezing", out _) is null or "1";
        }
    }

    /// <inheritdoc/>
    public override long OomKills => DirectoryOf("memory") is { } directory && ControlFiles.TryRead(directory, "memory.oom_control", out _) is { } text
        ? (long)(ControlText.Find(text, "oom_kill"u8) ?? 0)
        : 0;

    internal override bool CanFreeze => DirectoryOf("freezer") is { } directory && IsDirectory(directory);

    internal override string ProcessDirectory => DirectoryOf("freezer") ?? (directories.Length > 0 ? directories[0] : unified ?? "");

    /// <summary>The directory of a controller; null when there is none.</summary>
    public string? DirectoryOf(string controller)
    {
        for (var i = 0; i < directories.Length; i++)
        {
            if (hierarchies[i].Has(controller)) return directories[i];
        }
        return null;
    }

    /// <summary>
    /// The <c>tasks</c> files rather than <c>cgroup.procs</c>: a thread that moves itself needs no lock over all forks of the
    /// machine, which may have to wait some 20 ms for it.
    /// </summary>
    public override IReadOnlyList<Fd> OpenForJoining(SubCgroups? within = null)
    {
        within?.Check(controller => DirectoryOf(controller) is not null);
        var files = new List<Fd>(directories.Length);
        try
        {
            for (var i = 0; i < directories.Length; i++)
            {
                files.Add(within?.For(hierarchies[i].Controllers) is { } path
                    ? SubCgroups.Open(directories[i], path, "tasks")
                    : ControlFiles.TryOpen(directories[i], "tasks", OpenFlags.WriteOnly, out var error) ?? throw new LinuxException($"open {directories[i]}/tasks", error));
            }
            return files;
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    /// <summary>The v2 hierarchy beside v1 has no file that a thread can move itself by without that lock: one is born in it.</summary>
    public override Fd? OpenDirectory(SubCgroups? within = null)
    {
        if (unified is null) return null;
        return within?.ForAll is { } path ? SubCgroups.Open(unified, path, null) : Paths.Open(unified, OpenFlags.Path | Paths.Directory);
    }

    /// <inheritdoc/>
    public override void Apply(LinuxResources resources) => new ResourcesV1(this).Apply(resources);

    /// <inheritdoc/>
    public override void SetFrozen(bool frozen) => Set("freezer", "freezer.state", frozen ? "FROZEN" : "THAWED");

    /// <summary>
    /// The v2 hierarchy kills all at once. Without it they are frozen first, so that nothing forks while it is being killed.
    /// </summary>
    public override void KillAll()
    {
        var killed = unified is not null && ControlFiles.TryWrite(unified, "cgroup.kill", "1") == 0;
        if (!killed) GroupTree.Signal(this, directories, SIGKILL);
        if (!CanFreeze) return;

        // A frozen process does not die; and a group that the container itself has frozen stays so when the one above it is thawed.
        var freezer = DirectoryOf("freezer")!;
        _ = ControlFiles.TryWrite(freezer, "freezer.state", "THAWED");
        foreach (var group in GroupTree.Below(freezer)) _ = ControlFiles.TryWrite(group, "freezer.state", "THAWED");
    }

    /// <inheritdoc/>
    public override CgroupStats ReadStats() => StatsV1.Read(this);

    /// <inheritdoc/>
    public override OomWatch WatchOom() => OomWatch.V1(
        DirectoryOf("memory") ?? throw TareException.NotImplemented($"cannot watch {Path} for the OOM killer: the container has no control group of the memory controller"));

    /// <summary>Writes a value to a controller's file.</summary>
    /// <exception cref="TareException">The kernel refuses it, or the controller is missing.</exception>
    public void Set(string controller, string file, string value) => ControlFiles.Write(Require(controller, file), file, value);

    /// <summary>The directory of a controller that a limit needs.</summary>
    /// <exception cref="TareException">There is none.</exception>
    public string Require(string controller, string file) => DirectoryOf(controller) ?? throw TareException.NotImplemented(options.HasFlag(GroupOptions.Rootless)
        ? $"cannot set {controller} limit: container could not join or create cgroup, for this user may not; have the administrator delegate one, or leave {file} out"
        : $"cannot set {controller} limit: container could not join or create cgroup, for no v1 hierarchy of {controller} is mounted; mount it, or leave {file} out");

    /// <inheritdoc/>
    internal override void Make(LinuxResources resources)
    {
        var maker = new MakerV1(this, resources);
        try
        {
            var usable = new bool[directories.Length];
            for (var i = 0; i < directories.Length; i++) usable[i] = maker.Make(hierarchies[i], directories[i]);
            if (unified is not null && !maker.MakeUnified(unified)) unified = null;
            if (Array.IndexOf(usable, false) >= 0) Keep(usable);
            IsNew = maker.AllNew;
        }
        catch
        {
            maker.Undo();
            throw;
        }
    }

    /// <summary>Whether all directories were made by this object, so that nothing has been set in them yet.</summary>
    public bool IsNew { get; private set; }

    private void Keep(bool[] usable)
    {
        var (keptHierarchies, keptDirectories) = (new List<CgroupHierarchy>(), new List<string>());
        for (var i = 0; i < usable.Length; i++)
        {
            if (!usable[i]) continue;
            keptHierarchies.Add(hierarchies[i]);
            keptDirectories.Add(directories[i]);
        }
        (hierarchies, directories) = (keptHierarchies, [.. keptDirectories]);
    }
}

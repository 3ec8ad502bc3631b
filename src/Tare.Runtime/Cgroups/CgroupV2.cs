using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Runtime.Cgroups;

/// <summary>A control group of version 2 (Documentation/admin-guide/cgroup-v2.rst).</summary>
internal sealed class CgroupV2 : Cgroup
{
    private readonly CgroupHierarchy? hierarchy;
    private readonly string directory;

    /// <summary>A group at a given place.</summary>
    /// <param name="path">See <see cref="Cgroup.Path"/>.</param>
    /// <param name="hierarchy">The hierarchy, where the group is going to be made; null for one that is there.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="options">What the role wants.</param>
    /// <param name="owner">The user id that is to own the group; null for whoever makes it.</param>
    public CgroupV2(string path, CgroupHierarchy? hierarchy, string directory, GroupOptions options, uint? owner = null)
        : base(path)
    {
        (this.hierarchy, this.directory, Options, Owner) = (hierarchy, directory, options, owner);
    }

    /// <summary>A path below the top of the hierarchy, as the daemon has it.</summary>
    public static CgroupV2 At(CgroupLayout layout, string path) => new(path, layout.Hierarchies[0], layout.Hierarchies[0].Path + path, GroupOptions.Daemon);

    /// <inheritdoc/>
    public override IReadOnlyList<string> Directories => [directory];

    /// <inheritdoc/>
    public override CgroupState State => new(new Dictionary<string, string> { [""] = directory }, null, Options.HasFlag(GroupOptions.Rootless));

    /// <summary>The directory.</summary>
    public string DirectoryPath => directory;

    /// <summary>What the role wants.</summary>
    public GroupOptions Options { get; }

    /// <summary>The user id that is to own the group.</summary>
    public uint? Owner { get; }

    /// <summary>Whether the directory was made by this object, so that nothing has been set in it yet.</summary>
    public bool IsNew { get; private set; }

    /// <inheritdoc/>
    public override bool IsFrozen => ControlFiles.TryReadText(directory, "cgroup.freeze", out _) == "1"
        && ControlFiles.TryRead(directory, "cgroup.events", out _) is { } events && ControlText.Find(events, "frozen"u8) == 1;

    /// <inheritdoc/>
    public override long OomKills => ControlFiles.TryRead(directory, "memory.events", out _) is { } events ? (long)(ControlText.Find(events, "oom_kill"u8) ?? 0) : 0;

    internal override bool CanFreeze => FileFacts.KindOf(directory + "/cgroup.freeze") == FileKind.Regular;

    internal override string ProcessDirectory => directory;

    /// <inheritdoc/>
    public override IReadOnlyList<Fd> OpenForJoining(SubCgroups? within = null) => [];

    /// <inheritdoc/>
    public override Fd? OpenDirectory(SubCgroups? within = null)
    {
        within?.Check(_ => false);
        return within?.ForAll is { } path ? SubCgroups.Open(directory, path, null) : Paths.Open(directory, OpenFlags.Path | Paths.Directory);
    }

    /// <inheritdoc/>
    public override Fd? OpenDirectoryBeside(Fd first) =>
        (string.IsNullOrEmpty(ControlFiles.TryReadText(directory, "cgroup.subtree_control", out _)) ? null : OciCgroup.OpenDirectoryOf(PidFds.PidOf(first))) ?? OpenDirectory();

    /// <inheritdoc/>
    public override void Apply(LinuxResources resources) => new ResourcesV2(this).Apply(resources);

    /// <inheritdoc/>
    public override void SetFrozen(bool frozen) => ControlFiles.Write(directory, "cgroup.freeze", frozen ? "1" : "0");

    /// <inheritdoc/>
    public override void KillAll()
    {
        var error = ControlFiles.TryWrite(directory, "cgroup.kill", "1");

        // Kernels before 5.14 have no such file.
        if (error == Errno.ENOENT && IsDirectory(directory)) GroupTree.Signal(this, Directories, 9);
        else if (error is not 0 and not Errno.ENOENT and not Errno.ENODEV) throw ControlFiles.Refused(directory, "cgroup.kill", "1", error);
    }

    /// <inheritdoc/>
    public override CgroupStats ReadStats() => StatsV2.Read(directory, Options.HasFlag(GroupOptions.Rootless));

    /// <inheritdoc/>
    public override OomWatch WatchOom() => OomWatch.V2(directory);

    /// <inheritdoc/>
    internal override void Make(LinuxResources resources) =>
        IsNew = new MakerV2(hierarchy ?? throw new InvalidOperationException("a group of a saved state is not made"), this).Make(resources);
}

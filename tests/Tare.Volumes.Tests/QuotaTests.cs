using System.Globalization;
using Tare.Errors;
using Tare.Linux;
using Tare.Store;

namespace Tare.Volumes.Tests;

/// <summary>Volumes with a size, over a filesystem whose quotas are in memory; and what each step leaves when it is the last.</summary>
public sealed class QuotaTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("tare-quota-").FullName;
    private readonly Database database;
    private readonly FakeQuotas quotas = new();

    public QuotaTests() => database = Database.Open(Path.Combine(root, "tare.db"), VolumeStore.Schema);

    public void Dispose()
    {
        database.Dispose();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_size_limits_the_directory_and_is_known_to_the_next_engine()
    {
        var store = Open();
        var volume = Make(store, "sized", "10m");
        Assert.Equal(10L << 20, quotas.Limits[volume.Quota!.Project]);
        Assert.Equal(volume.Quota.Project, quotas.ProjectOf(volume.Path));
        Assert.Equal((volume.Quota, "10m", false), (Open().Get("sized").Quota, Open().Get("sized").Options!["size"], volume.NeedsMount));
        Assert.Null(Make(store, "free", "0").Quota);
        Assert.NotEqual(volume.Quota.Project, Make(Open(), "other", "1").Quota!.Project);
    }

    [Fact]
    public void A_number_that_anybody_uses_is_not_taken()
    {
        quotas.Foreign = project => project % 4 != 0;
        var store = Open();
        var projects = Enumerable.Range(0, 20).Select(i => Make(store, $"volume{i}", "1m").Quota!.Project).ToArray();
        Assert.All(projects, project => Assert.True(project % 4 == 0 && project >= 1 << 30, project.ToString(CultureInfo.InvariantCulture)));
        Assert.Distinct(projects);
        quotas.Foreign = _ => true;
        Assert.Throws<TareException>(() => Make(store, "none", "1m"));
        Assert.Null(Open().Find("none"));
    }

    [Fact]
    public void A_removed_volume_leaves_no_limit_wherever_a_crash_comes()
    {
        var volume = Make(Open(), "removed", "1m");
        var remains = Open().Remove("removed")!;
        Assert.NotEmpty(quotas.Limits);
        // The engine dies here, and the next one finds what is left.
        Assert.Equal([remains], Open().Remains);
        Open().RemoveRemains(remains);
        Assert.Empty(quotas.Limits);
        Assert.Empty(Directory.GetDirectories(Path.Combine(root, "volumes")));

        // It dies before the row is gone.
        volume = Make(Open(), "removed", "1m");
        var outer = Path.GetDirectoryName(volume.Path)!;
        Directory.Move(outer, Path.Combine(root, "volumes", $".gone-1-{volume.Quota!.Project}"));
        var store = Open();
        Assert.Empty(quotas.Limits);
        Assert.Null(store.Find("removed"));
        foreach (var left in store.Remains) store.RemoveRemains(left);
        Assert.Empty(Directory.GetDirectories(Path.Combine(root, "volumes")));
    }

    [Fact]
    public void A_volume_that_was_not_finished_leaves_no_limit()
    {
        quotas.FailAssign = true;
        Assert.Throws<LinuxException>(() => Make(Open(), "half", "1m"));
        Assert.Empty(quotas.Limits);
        quotas.FailAssign = false;
        // The engine dies between the limit and the name.
        var volume = Make(Open(), "half", "1m");
        Directory.Move(Path.GetDirectoryName(volume.Path)!, Path.Combine(root, "volumes", ".new-half"));
        Assert.Null(Open().Find("half"));
        Assert.Empty(quotas.Limits);
        Assert.Empty(Directory.GetDirectories(Path.Combine(root, "volumes")));
        Make(Open(), "half", "1m");
    }

    [Fact]
    public void What_an_image_brings_counts()
    {
        var store = Open();
        var volume = Make(store, "filled", "1m");
        store.Fill("filled", directory =>
        {
            Assert.Equal(volume.Quota!.Project, quotas.Of(directory));
            File.WriteAllText(Path.Combine(directory.ProcPath, "file"), "");
            return true;
        });
        Assert.True(File.Exists(Path.Combine(volume.Path, "file")));
    }

    [Fact]
    public void A_limit_that_was_lost_is_set_again_and_a_filesystem_without_any_is_refused()
    {
        var store = Open();
        var volume = Make(store, "sized", "1m");
        quotas.Limits.Clear();
        store.Restore(volume);
        Assert.Equal(1 << 20, quotas.Limits[volume.Quota!.Project]);
        Directory.Delete(Path.GetDirectoryName(volume.Path)!, recursive: true);
        store.Restore(volume);
        Assert.Equal(volume.Quota.Project, quotas.ProjectOf(volume.Path));
        quotas.Enforced = false;
        Assert.Contains("size quota requested for volume but no quota support", Assert.Throws<TareException>(() => store.Restore(volume)).Message, StringComparison.Ordinal);
        // It can be removed all the same.
        store.RemoveRemains(store.Remove("sized")!);
        Assert.StartsWith("create sized: quota size requested but no quota support: the filesystem of ", Assert.Throws<TareException>(() => Make(store, "sized", "1m")).Message, StringComparison.Ordinal);
        Assert.Empty(Open().List());
    }

    [Fact]
    public void A_size_and_a_filesystem_exclude_each_other() => Assert.Contains(
        "leave out \"type\", \"device\" and \"o\"",
        Assert.Throws<TareException>(() => Open().Claim(new VolumeRequest { Name = "both", Options = new Dictionary<string, string> { ["size"] = "1m", ["type"] = "tmpfs", ["device"] = "tmpfs" } })).Message,
        StringComparison.Ordinal);

    [Fact]
    public void What_this_machine_offers_is_told_without_an_error()
    {
        using var here = Paths.Open(root, Paths.Directory);
        var kernel = new KernelProjectQuotas();
        if (kernel.AreEnforced(here)) Assert.False(kernel.IsUsed(here, 2_000_000_001));
        else Assert.ThrowsAny<LinuxException>(() => kernel.SetLimit(here, 2_000_000_001, 0));
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("1b", 1)]
    [InlineData("1.5k", 1536)]
    [InlineData("2 MB", 2 << 20)]
    [InlineData("1GiB", 1 << 30)]
    [InlineData("0", 0)]
    [InlineData("1t", 1L << 40)]
    public void Sizes(string text, long expected) => Assert.Equal(expected, ByteSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("-1")]
    [InlineData("1bb")]
    [InlineData("1kk")]
    [InlineData("1 2")]
    [InlineData("9999999p")]
    [InlineData("nan0")]
    public void No_sizes(string text) => Assert.Throws<TareException>(() => ByteSize.Parse(text));

    private VolumeStore Open() => VolumeStore.Open(root, database, TimeProvider.System, quotas);

    private static Volume Make(VolumeStore store, string name, string size) =>
        store.Claim(new VolumeRequest { Name = name, Options = new Dictionary<string, string> { ["size"] = size } }).Volume;

    private sealed class FakeQuotas : IProjectQuotas
    {
        private readonly Dictionary<ulong, uint> projects = [];

        public Dictionary<uint, long> Limits { get; } = [];

        public Func<uint, bool> Foreign { get; set; } = _ => false;

        public bool Enforced { get; set; } = true;

        public bool FailAssign { get; set; }

        public uint ProjectOf(string path)
        {
            using var directory = Paths.Open(path, Paths.Directory);
            return Of(directory);
        }

        public bool AreEnforced(Fd file) => Enforced;

        public bool IsUsed(Fd file, uint project) => Foreign(project) || Limits.ContainsKey(project);

        public void SetLimit(Fd file, uint project, long bytes)
        {
            if (bytes == 0) Limits.Remove(project);
            else Limits[project] = bytes;
        }

        public uint Of(Fd file) => projects.GetValueOrDefault(FileStatuses.Of(file)!.Value.Inode);

        public void Assign(Fd directory, uint project)
        {
            if (FailAssign) throw new LinuxException("set the project of a directory", Errno.EPERM);
            projects[FileStatuses.Of(directory)!.Value.Inode] = project;
        }
    }
}

using Tare.Errors;
using Tare.Linux;

namespace Tare.Sandbox.Tests;

/// <summary>Overlays beside the root, by real launches.</summary>
public sealed class LayeredMountTests : IDisposable
{
    private readonly LaunchHost host = new();
    private readonly string upper;
    private readonly string lower;
    private readonly string empty;

    public LayeredMountTests()
    {
        (upper, lower, empty) = (Make("image/2"), Make("image/1"), Make("image/0"));
        Directory.CreateDirectory(Path.Combine(lower, "dir/deep"));
        Directory.CreateDirectory(Path.Combine(upper, "dir"));
        File.WriteAllText(Path.Combine(lower, "dir/deep/file"), "below\n");
        File.WriteAllText(Path.Combine(lower, "dir/gone"), "gone\n");
        File.WriteAllText(Path.Combine(upper, "dir/new"), "new\n");
        using (var directory = Paths.Open(Path.Combine(upper, "dir"), Paths.Directory)) Assert.Equal(0, FileSystem.MakeNode(directory, "gone"u8, FileSystem.TypeCharacterDevice, 0, 0));
        File.CreateSymbolicLink(Path.Combine(upper, "in"), "dir/deep");
        File.CreateSymbolicLink(Path.Combine(upper, "out"), "../../etc");
        File.CreateSymbolicLink(Path.Combine(upper, "absolute"), "/dir");
    }

    public void Dispose() => host.Dispose();

    [Fact]
    public void Layers_are_shown_one_over_another_and_nothing_of_it_by_the_host()
    {
        var result = host.Run(With("", "sh", "-c", "ls /image/dir; cat /image/dir/deep/file /image/dir/new; cat /image/dir/gone; touch /image/x"));
        Assert.Equal("deep\nnew\nbelow\nnew\n", result.Output);
        Assert.Contains("can't open '/image/dir/gone': No such file or directory", result.Errors, StringComparison.Ordinal);
        Assert.Contains("/image/x: Read-only file system", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(File.ReadLines("/proc/self/mountinfo"), line => line.Contains(host.Home, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("dir", "deep\nnew\n")]
    [InlineData("in", "file\n")]
    [InlineData("dir/deep/file", "/image\n")]
    public void A_part_is_a_directory_or_a_file(string path, string listing) => Assert.Equal(listing, host.Run(With(path, "ls", "/image")).Output);

    [Fact]
    public void A_file_is_mounted_where_a_link_of_the_root_leads_to_nothing()
    {
        Directory.CreateDirectory(Path.Combine(host.Layer, "run"));
        File.CreateSymbolicLink(Path.Combine(host.Layer, "etc/link"), "../run/later");
        var options = With("dir/new", "cat", "/run/later");
        Assert.Equal("new\n", host.Run(options with { Mounts = [options.Mounts[0] with { Target = "/etc/link" }] }).Output);
    }

    [Theory]
    [InlineData("nosuch", "cannot access path IMAGE/nosuch: no such file or directory (ENOENT)")]
    [InlineData("dir/gone", "cannot access path IMAGE/dir/gone: no such file or directory (ENOENT)")]
    [InlineData("out", "path concatenation escapes the base directory, base: IMAGE, subpath: out")]
    [InlineData("absolute", "path concatenation escapes the base directory, base: IMAGE, subpath: absolute")]
    public void A_part_that_is_not_there_or_leads_out_is_refused(string path, string message)
    {
        var refused = Assert.Throws<TareException>(() => host.Run(With(path, "true")));
        Assert.Equal((ErrorKind.InvalidArgument, message), (refused.Kind, refused.Message));
    }

    [Theory]
    [InlineData("")]
    [InlineData("dir/new")]
    public void No_right_in_the_container_makes_it_writable(string path)
    {
        var options = With(path, "sh", "-c", "mount -o remount,bind,rw /image && echo remounted; echo x >/image; echo x >/image/dir/new; mount -o remount,rw /image || echo refused");
        var result = host.Run(options with { Security = new SecurityOptions { CapAdd = ["SYS_ADMIN"], SeccompUnconfined = true } });
        Assert.Equal("remounted\nrefused\n", result.Output);
        Assert.Equal("new\n", File.ReadAllText(Path.Combine(upper, "dir/new")));
    }

    [Fact]
    public void One_that_cannot_be_made_leaves_nothing()
    {
        var mark = "mark-" + Guid.NewGuid().ToString("N");
        File.WriteAllText(Path.Combine(upper, "dir", mark), "");
        var options = With("dir", "true");
        using (var held = new LayeredMounts(Namespaces.NewMountTemplate()))
        {
            held.Make(options.Mounts);
            Assert.True(IsOpen(mark));
        }

        Assert.False(IsOpen(mark));
        Assert.Throws<LinuxException>(() => host.Run(options with { Mounts = [options.Mounts[0], options.Mounts[0] with { Target = "/other", Layers = [upper, host.Home + "/nosuch"] }] }));
        Assert.False(IsOpen(mark));
    }

    /// <summary>Whether this process has a directory open with a file of the name in it.</summary>
    private static bool IsOpen(string name) => Directory.GetFileSystemEntries("/proc/self/fd").Any(directory => File.Exists(Path.Combine(directory, name)));

    private string Make(string name) => Directory.CreateDirectory(Path.Combine(host.Home, name)).FullName;

    private ContainerOptions With(string subpath, params string[] args) => host.Options(args) with
    {
        Mounts = [new MountOptions { Type = "overlay", Source = "IMAGE", Layers = [upper, lower, empty], Subpath = subpath, Target = "/image", ReadOnly = true, Recursive = false }],
    };
}

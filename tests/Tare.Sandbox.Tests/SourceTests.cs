using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;

namespace Tare.Sandbox.Tests;

/// <summary>The sources of binds: given to the container's user.</summary>
public sealed class SourceTests : IDisposable
{
    private readonly LaunchHost host = new();
    private readonly string source;

    public SourceTests()
    {
        source = Path.Combine(host.Home, "source");
        Directory.CreateDirectory(Path.Combine(source, "sub/folder"));
        File.WriteAllText(Path.Combine(source, "file"), "");
    }

    public void Dispose() => host.Dispose();

    [Theory]
    [InlineData("", "0:0")]
    [InlineData("alice", "1000:1001")]
    [InlineData("77", "77:0")]
    [InlineData("77:staff", "77:1001")]
    public void A_source_is_given_to_the_user_of_the_container(string user, string expected)
    {
        var result = host.Run(Options(user, "stat", "-c", "%u:%g", "/data", "/data/sub", "/data/sub/folder", "/data/file"));
        Assert.Equal(string.Concat(Enumerable.Repeat(expected + "\n", 4)), result.Output);
    }

    [Fact]
    public void It_may_be_read_only_for_the_container()
    {
        var options = Options("alice", "sh", "-c", "stat -c %u /data/file; touch /data/x 2>/dev/null || echo refused");
        Assert.Equal("1000\nrefused\n", host.Run(options with { Mounts = [options.Mounts[0] with { ReadOnly = true }] }).Output);
    }

    [Fact]
    public void One_file_may_be_given()
    {
        var options = Options("alice", "stat", "-c", "%u:%g", "/data");
        Assert.Equal("1000:1001\n", host.Run(options with { Mounts = [options.Mounts[0] with { Source = Path.Combine(source, "file") }] }).Output);
        Assert.Equal((0u, 0u), OwnerOf(source));
    }

    [Fact]
    public void What_is_mounted_below_keeps_its_owner()
    {
        using (var mount = Mounts.Create("tmpfs", [], MountAttributes.None))
        using (var place = Paths.Open(Path.Combine(source, "sub"), OpenFlags.Path)) Mounts.Attach(mount, place);
        try
        {
            File.WriteAllText(Path.Combine(source, "sub/other"), "");
            Assert.Equal("1000\n0\n0\n", host.Run(Options("alice", "stat", "-c", "%u", "/data", "/data/sub", "/data/sub/other")).Output);
        }
        finally
        {
            Assert.True(Mounts.Detach(Path.Combine(source, "sub")));
        }
    }

    [Fact]
    public void What_cannot_be_given_is_named()
    {
        using var empty = Mounts.Create("tmpfs", [], MountAttributes.ReadOnly);
        using (var place = Paths.Open(source, OpenFlags.Path)) Mounts.Attach(empty, place);
        try
        {
            Assert.Equal(
                $"the option U of the mount at /data cannot give {source} to 1000:1001: change the owner of \"\": {Errno.Describe(Errno.EROFS)}; leave the option out, or change the owner yourself",
                Assert.Throws<TareException>(() => host.Compiler.PrepareContainer(Options("alice", "true"))).Message);
        }
        finally
        {
            Assert.True(Mounts.Detach(source));
        }
    }

    [Fact]
    public void Ids_of_a_source_are_mapped()
    {
        File.WriteAllText(Path.Combine(source, "theirs"), "");
        using (var directory = Paths.Open(source, Paths.Directory))
        {
            Assert.Equal(0, NodeAttributes.SetOwner(directory, default, 500, 600));
            Assert.Equal(0, NodeAttributes.SetOwner(directory, "file"u8, 501, 601));
        }
        var result = host.Run(Mapped("sh", "-c", "stat -c %u:%g /data /data/file /data/theirs; touch /data/new; touch /data/sub/x 2>/dev/null || echo refused"));
        // Who is not mapped is nobody, and what he has is closed even to root.
        Assert.Equal("0:0\n1:1\n65534:65534\nrefused\n", result.Output);
        Assert.Equal((500u, 600u), OwnerOf(Path.Combine(source, "new")));
        Assert.Equal((0u, 0u), OwnerOf(Path.Combine(source, "theirs")));
    }

    [Fact]
    public void A_filesystem_without_mapped_mounts_is_named()
    {
        var options = Mapped("true");
        Assert.Contains(
            "cannot map the ids of the mount of /sys/kernel at /data: invalid argument (EINVAL): its filesystem or this kernel has no id-mapped mounts",
            Assert.Throws<TareException>(() => host.Compiler.PrepareContainer(options with { Mounts = [options.Mounts[0] with { Source = "/sys/kernel" }] })).Message,
            StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_directory_of_the_system_is_not_given_away()
    {
        File.CreateSymbolicLink(Path.Combine(host.Home, "link"), "/usr/lib");
        var options = Options("alice", "true");
        var message = Assert.Throws<TareException>(() => host.Compiler.PrepareContainer(options with { Mounts = [options.Mounts[0] with { Source = Path.Combine(host.Home, "link") }] })).Message;
        Assert.Contains("link away from the system", message, StringComparison.Ordinal);
        Assert.Equal((0u, 0u), OwnerOf("/usr/lib"));
    }

    [Theory]
    [InlineData("/", true)]
    [InlineData("/etc", true)]
    [InlineData("/usr/lib", true)]
    [InlineData("/var", true)]
    [InlineData("/proc/sys/net", true)]
    [InlineData("/home/user", false)]
    [InlineData("/var/lib/thing", false)]
    [InlineData("/data", false)]
    [InlineData("/etcetera", false)]
    public void Directories_of_the_system(string path, bool expected) => Assert.Equal(expected, SourceOwners.IsOfTheSystem(path));

    private ContainerOptions Mapped(params string[] args) => host.Options(args) with
    {
        Mounts = [new MountOptions { Type = "bind", Source = source, Target = "/data", UidMappings = [new LinuxIdMapping(500, 0, 2)], GidMappings = [new LinuxIdMapping(600, 0, 2)] }],
    };

    private ContainerOptions Options(string user, params string[] args) =>
        host.Options(args) with { User = user, Mounts = [new MountOptions { Type = "bind", Source = source, Target = "/data", ChangeOwner = true }] };

    private static (uint, uint) OwnerOf(string path)
    {
        var status = FileStatuses.OfPath(path)!.Value;
        return (status.Uid, status.Gid);
    }
}

using Tare.Engine.Create;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>Volumes of containers, over a real store of volumes and images without files.</summary>
public sealed class VolumeTests
{
    [Fact]
    public void All_forms_of_a_volume_are_read()
    {
        var host = new HostConfig
        {
            VolumesFrom = ["other:ro"],
            Binds = ["named:/named:ro,nocopy", "/anonymous"],
            Mounts = [new Mount { Type = "volume", Source = "mm", Target = "/m", ReadOnly = true, VolumeOptions = new MountVolumeOptions { NoCopy = true, Subpath = "a/b", Labels = new Dictionary<string, string> { ["l"] = "1" } } }],
            Tmpfs = new Dictionary<string, string> { ["/t"] = "" },
        };
        ContainerMount[] inherited = [new ContainerMount { Type = "volume", Target = "/from", Mode = "z", Source = "/s", Volume = new VolumeMount { Name = "from", Anonymous = true } }];
        var mounts = MountParser.Parse(host, ["/image/", "/named", "/t"], _ => inherited).ToDictionary(mount => mount.Target);
        Assert.Equal(["/anonymous", "/from", "/image", "/m", "/named", "/t"], mounts.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((true, "ro,nocopy", new VolumeMount { Name = "named", NoCopy = true }), (mounts["/named"].ReadOnly, mounts["/named"].Mode, mounts["/named"].Volume));
        Assert.Equal(new VolumeMount { Anonymous = true }, mounts["/anonymous"].Volume);
        Assert.Equal(new VolumeMount { Anonymous = true }, mounts["/image"].Volume);
        Assert.Equal((true, "", new VolumeMount { Name = "from", Anonymous = true, NoCopy = true }), (mounts["/from"].ReadOnly, mounts["/from"].Mode, mounts["/from"].Volume));
        Assert.Equal(("z", "mm", "a/b", true, "1"), (mounts["/m"].Mode, mounts["/m"].Volume!.Name, mounts["/m"].Volume!.Subpath, mounts["/m"].Volume!.NoCopy, mounts["/m"].Volume!.Labels!["l"]));
        Assert.Equal("tmpfs", mounts["/t"].Type);
    }

    [Theory]
    [InlineData("n1:/x:rshared", "invalid volume specification: 'n1:/x:rshared': invalid mount config for type \"volume\": field BindOptions must not be specified")]
    [InlineData("n1:/", "invalid volume specification: 'n1:/': invalid mount config for type \"volume\": invalid specification: destination can't be '/'")]
    [InlineData("n:/x", "create n: volume name is too short, names should be at least two alphanumeric characters")]
    [InlineData("n1:/x:rw,ro", "invalid mode: rw,ro")]
    public void What_is_no_volume(string bind, string message) =>
        Assert.Equal(message, Assert.Throws<TareException>(() => MountParser.Parse(new HostConfig { Binds = [bind] }, [], _ => [])).Message);

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a/../../x")]
    [InlineData("./..")]
    public void A_part_lies_in_the_volume(string path) =>
        Assert.Equal(
            "invalid mount config for type \"volume\": subpath must be a relative path within the volume",
            Assert.Throws<TareException>(() => MountParser.Parse(
                new HostConfig { Mounts = [new Mount { Type = "volume", Source = "n1", Target = "/x", VolumeOptions = new MountVolumeOptions { Subpath = path } }] }, [], _ => [])).Message);

    [Fact]
    public void A_part_of_a_volume_may_be_written_with_dots_and_belongs_to_one_with_a_name()
    {
        Mount Part(string source, string path) => new() { Type = "volume", Source = source, Target = "/x", ReadOnly = source.Length == 0, VolumeOptions = new MountVolumeOptions { Subpath = path } };
        Assert.Equal("a/../b/.", MountParser.Parse(new HostConfig { Mounts = [Part("n1", "a/../b/.")] }, [], _ => []).Single().Volume!.Subpath);
        Assert.Equal(
            "invalid mount config for type \"volume\": must not set Subpath when using anonymous volumes",
            Assert.Throws<TareException>(() => MountParser.Parse(new HostConfig { Mounts = [Part("", "a")] }, [], _ => [])).Message);
    }

    [Fact]
    public async Task A_creation_that_fails_leaves_no_anonymous_volume_and_the_named_one()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Table.FailAlways = true;
        await Assert.ThrowsAsync<TareException>(() => CreateAsync(harness));
        await harness.IdleAsync();
        Assert.Equal(["named"], harness.Volumes);
        await harness.Core.Volumes.RemoveAsync("named", force: false, CancellationToken.None);
        await harness.IdleAsync();
        Assert.Empty(harness.Volumes);
    }

    [Fact]
    public async Task An_engine_that_dies_before_the_container_is_written_down_leaves_no_anonymous_volume()
    {
        await using var harness = await Harness.OpenAsync();
        await CreateAsync(harness);
        // As if the row of the container had never been written.
        var anonymous = harness.Volumes.Single(name => name != "named");
        harness.VolumeRows.Write(session => session.Execute("UPDATE volume SET container = 'gone' WHERE name = ?", anonymous));
        harness.Table.Delete(harness.Table.Rows.Single().Definition.Id);
        await harness.ReopenAsync();
        await harness.IdleAsync();
        Assert.Equal(["named"], harness.Volumes);
    }

    [Fact]
    public async Task An_engine_that_dies_after_the_container_is_written_down_leaves_both()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await CreateAsync(harness);
        harness.VolumeRows.Write(session => session.Execute("UPDATE volume SET container = ? WHERE name <> 'named'", id));
        await harness.ReopenAsync();
        Assert.Equal(2, harness.Volumes.Count);
        await harness.ReopenAsync();
        var refused = await Assert.ThrowsAsync<TareException>(() => harness.Core.Volumes.RemoveAsync("named", force: true, CancellationToken.None));
        Assert.Equal((ErrorKind.Conflict, $"remove named: volume is in use - [{id}]"), (refused.Kind, refused.Message));
    }

    [Fact]
    public async Task A_container_is_removed_with_its_anonymous_volumes_or_without()
    {
        await using var harness = await Harness.OpenAsync();
        var first = await CreateAsync(harness);
        var second = await harness.CreateAsync(change: request => request.HostConfig!.VolumesFrom = [first]);
        await harness.Containers.RemoveAsync(first, new Containers.ContainerRemoveOptions { Volumes = true }, CancellationToken.None);
        await harness.IdleAsync();
        Assert.Equal(2, harness.Volumes.Count);
        await harness.Containers.RemoveAsync(second, new Containers.ContainerRemoveOptions { Volumes = true }, CancellationToken.None);
        await harness.IdleAsync();
        Assert.Equal(["named"], harness.Volumes);
        var third = await CreateAsync(harness);
        await harness.Containers.RemoveAsync(third, new Containers.ContainerRemoveOptions(), CancellationToken.None);
        await harness.IdleAsync();
        Assert.Equal(2, harness.Volumes.Count);
    }

    [Fact]
    public async Task A_launch_mounts_the_directories_of_the_volumes()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await CreateAsync(harness);
        await harness.Containers.StartAsync(id, CancellationToken.None);
        var mounts = harness.Sandbox.Asked.Last().Mounts.Where(mount => mount.Target is "/named" or "/anonymous").ToDictionary(mount => mount.Target);
        Assert.All(mounts.Values, mount => Assert.Equal(("bind", true), (mount.Type, mount.Source.EndsWith("/_data", StringComparison.Ordinal))));
        Assert.True(mounts["/named"].ReadOnly);
        Assert.Equal(["create", "create", "mount", "mount"], harness.AllEvents().Where(message => message.Type == "volume").Select(message => message.Action));
        await harness.EndAsync(id, () => harness.Containers.KillAsync(id, null, CancellationToken.None));
        Assert.Equal(["unmount", "unmount"], harness.AllEvents().Where(message => message.Type == "volume").Select(message => message.Action).Skip(4));
    }

    /// <summary>Without copying: the images of these cases have no files.</summary>
    private static Task<string> CreateAsync(Harness harness) => harness.CreateAsync(change: request =>
    {
        request.HostConfig!.Binds = ["named:/named:ro,nocopy"];
        request.HostConfig.Mounts = [new Mount { Type = "volume", Target = "/anonymous", VolumeOptions = new MountVolumeOptions { NoCopy = true } }];
    });
}

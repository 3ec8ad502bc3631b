using System.Text.Json;
using Tare.Engine.Create;
using Tare.Engine.Storage;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>The options of binds, from the request to the launch.</summary>
public sealed class BindTests
{
    [Theory]
    [InlineData(false, false, true, "mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive")]
    [InlineData(false, true, false, "mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive")]
    [InlineData(true, true, true, "mount options conflict: ReadOnlyNonRecursive && BindOptions.ReadOnlyForceRecursive")]
    public void Options_that_contradict_each_other(bool readOnly, bool forced, bool nonRecursive, string message) =>
        Assert.Equal(message, Assert.Throws<TareException>(() => Parse(readOnly, new MountBindOptions { ReadOnlyForceRecursive = forced, ReadOnlyNonRecursive = nonRecursive })).Message);

    [Fact]
    public void Each_option_is_kept()
    {
        Assert.Equal((false, false), (Parse(true, null).NonRecursive, Parse(true, null).ReadOnlyNonRecursive));
        Assert.True(Parse(true, new MountBindOptions { NonRecursive = true }).NonRecursive);
        Assert.True(Parse(true, new MountBindOptions { ReadOnlyNonRecursive = true }).ReadOnlyNonRecursive);
        Assert.False(Parse(true, new MountBindOptions { ReadOnlyForceRecursive = true }).ReadOnlyNonRecursive);
    }

    [Theory]
    [InlineData("", false, false)]
    [InlineData("U", false, true)]
    [InlineData("ro,z,U,rslave", true, true)]
    [InlineData("U,nocopy", false, true)]
    public void Words_of_a_mode(string words, bool readOnly, bool changeOwner) =>
        Assert.Equal((readOnly, changeOwner), (MountMode.Parse(words)!.ReadOnly, MountMode.Parse(words)!.ChangeOwner));

    [Theory]
    [InlineData("u")]
    [InlineData("U,U")]
    [InlineData("U,")]
    public void No_words_of_a_mode(string words) => Assert.Null(MountMode.Parse(words));

    [Fact]
    public void A_source_is_given_to_the_user_of_the_container_that_asks_for_it_alone()
    {
        var host = new HostConfig { Binds = ["/s:/bind:U", "volume:/volume:ro,U"], Mounts = [new Mount { Type = "volume", Source = "other", Target = "/mount", ChangeOwner = true }] };
        var mounts = MountParser.Parse(host, [], _ => []);
        Assert.All(mounts, mount => Assert.True(mount.ChangeOwner));
        Assert.All(MountParser.Parse(new HostConfig { VolumesFrom = ["other"] }, [], _ => mounts), mount => Assert.False(mount.ChangeOwner));
        Assert.Equal("invalid mode: U", Assert.Throws<TareException>(() => MountParser.Parse(new HostConfig { VolumesFrom = ["other:U"] }, [], _ => mounts)).Message);
        Assert.Equal(
            "invalid mount config for type \"tmpfs\": field ChangeOwner must not be specified",
            Assert.Throws<TareException>(() => MountParser.Parse(new HostConfig { Mounts = [new Mount { Type = "tmpfs", Target = "/t", ChangeOwner = true }] }, [], _ => [])).Message);
    }

    [Fact]
    public void Ids_are_mapped_where_that_is_said()
    {
        var host = new HostConfig { Binds = ["/s:/bind:idmap=uids=1-2-3,ro", "volume:/volume:idmap=gids=1-2-3"], Mounts = [new Mount { Type = "bind", Source = "/usr", Target = "/mount", IdMap = "uids=0-5-1" }] };
        var mounts = MountParser.Parse(host, [], _ => []);
        Assert.Equal(["uids=1-2-3", "uids=0-5-1", "gids=1-2-3"], mounts.Select(mount => mount.IdMap));
        Assert.Equal(["uids=1-2-3", "uids=0-5-1", "gids=1-2-3"], MountParser.Parse(new HostConfig { VolumesFrom = ["other"] }, [], _ => mounts).Select(mount => mount.IdMap));
        Assert.StartsWith("conflicting options: U ", Assert.Throws<TareException>(() => MountParser.ParseBind("/s:/t:U,idmap=uids=1-2-3")).Message, StringComparison.Ordinal);
        Assert.StartsWith("idmap needs to be told which ids are which", Assert.Throws<TareException>(() => MountParser.ParseBind("/s:/t:idmap")).Message, StringComparison.Ordinal);
        Assert.Equal("invalid volume specification: '/s:idmap=uids=1-2-3'", Assert.Throws<TareException>(() => MountParser.ParseBind("/s:idmap=uids=1-2-3")).Message);
    }

    [Fact]
    public void What_is_written_down_is_read_back()
    {
        ContainerMount mount = new() { Type = "bind", Source = "/s", Target = "/t", ReadOnly = true, Propagation = "slave", NonRecursive = true, ReadOnlyNonRecursive = true, ChangeOwner = true, IdMap = "uids=1-2-3", Mode = "ro", CreateSource = true };
        var written = JsonSerializer.Serialize([mount], EngineJson.Default.IReadOnlyListContainerMount);
        Assert.Equal(mount with { Options = [] }, JsonSerializer.Deserialize(written, EngineJson.Default.IReadOnlyListContainerMount)!.Single() with { Options = mount.Options });
    }

    [Fact]
    public async Task A_launch_gets_them()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync(change: request => request.HostConfig!.Mounts =
        [
            new Mount { Type = "bind", Source = "/usr", Target = "/deep", ReadOnly = true },
            new Mount { Type = "bind", Source = "/usr", Target = "/flat", ReadOnly = true, BindOptions = new MountBindOptions { NonRecursive = true } },
            new Mount { Type = "bind", Source = "/usr", Target = "/top", ReadOnly = true, BindOptions = new MountBindOptions { ReadOnlyNonRecursive = true } },
        ]);
        await harness.Containers.StartAsync(id, CancellationToken.None);
        var mounts = harness.Sandbox.Asked.Last().Mounts.ToDictionary(mount => mount.Target);
        Assert.Equal((true, true), (mounts["/deep"].Recursive, mounts["/deep"].ReadOnlyBelow));
        Assert.Equal((false, true), (mounts["/flat"].Recursive, mounts["/flat"].ReadOnlyBelow));
        Assert.Equal((true, false), (mounts["/top"].Recursive, mounts["/top"].ReadOnlyBelow));
        await harness.EndAsync(id, () => harness.Containers.KillAsync(id, null, CancellationToken.None));
    }

    private static ContainerMount Parse(bool readOnly, MountBindOptions? options) => MountParser.Parse(
        new HostConfig { Mounts = [new Mount { Type = "bind", Source = "/usr", Target = "/x", ReadOnly = readOnly, BindOptions = options }] }, [], _ => []).Single();
}

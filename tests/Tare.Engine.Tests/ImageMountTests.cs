using FsCheck;
using FsCheck.Fluent;
using Tare.Engine.Create;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>Images that containers have mounted, over images without files.</summary>
public sealed class ImageMountTests
{
    [Fact]
    public void An_image_is_read_only_whatever_is_said()
    {
        var mount = Parse(new Mount { Type = "image", Source = "registry/i:1", Target = "/x/", ReadOnly = false, ImageOptions = new MountImageOptions { Subpath = "a/../b//c/" } });
        Assert.Equal(
            new ContainerMount { Type = "image", Target = "/x", ReadOnly = true, Propagation = "rprivate", Image = new ImageMount { Name = "registry/i:1", Subpath = "b/c" }, Options = mount.Options },
            mount);
        Assert.Equal("", Parse(Image("a/..")).Image!.Subpath);
    }

    [Fact]
    public void What_is_no_image_mount()
    {
        Refused("field Source must not be empty", new Mount { Type = "image", Target = "/x" });
        Refused("field Target must not be empty", new Mount { Type = "image", Source = "i" });
        Refused("invalid mount path: 'x' mount path must be absolute", new Mount { Type = "image", Source = "i", Target = "x" });
        Refused("invalid specification: destination can't be '/'", new Mount { Type = "image", Source = "i", Target = "/" });
        Refused("field BindOptions must not be specified", new Mount { Type = "image", Source = "i", Target = "/x", BindOptions = new MountBindOptions() });
        Refused("field VolumeOptions must not be specified", new Mount { Type = "image", Source = "i", Target = "/x", VolumeOptions = new MountVolumeOptions() });
        Refused("field TmpfsOptions must not be specified", new Mount { Type = "image", Source = "i", Target = "/x", TmpfsOptions = new MountTmpfsOptions() });
        foreach (var path in (string[])["/a", "..", "../a", "a/../../b"]) Refused("subpath must be a relative path within the volume", Image(path));
    }

    [Fact]
    public void A_part_is_taken_when_it_stays_in_the_image_as_it_is_written() =>
        Prop.ForAll(Gen.ArrayOf(Gen.Elements("..", ".", "", "a", "b")).ToArbitrary(), parts =>
        {
            var path = string.Join('/', parts);
            // Where it leads from a place that is deep enough to see how far up it goes on its way.
            var (depth, lowest) = (0, 0);
            foreach (var part in parts) lowest = Math.Min(lowest, depth += part switch { ".." => -1, "." or "" => 0, _ => 1 });
            if (path.StartsWith('/') || lowest < 0) Refused("subpath must be a relative path within the volume", Image(path));
            else Assert.Equal(Path.GetFullPath("/" + path).TrimEnd('/').TrimStart('/'), Parse(Image(path)).Image!.Subpath);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task A_launch_mounts_the_layers_of_each_image_over_a_directory_of_its_own()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await CreateAsync(harness);
        Assert.Equal([FakeImages.Id, FakeImages.Id], harness.Images.Mounted[id]);
        await harness.Containers.StartAsync(id, CancellationToken.None);
        var mounts = harness.Sandbox.Asked.Last().Mounts.Where(mount => mount.Target is "/x" or "/y/z").ToList();
        Assert.All(mounts, mount => Assert.Equal(("overlay", true, "rprivate", false), (mount.Type, mount.ReadOnly, mount.Propagation, mount.Recursive)));
        Assert.Equal([("/x", "", "/layers/3", "0"), ("/y/z", "sub", "/layers/3", "1")], mounts.Select(mount => (mount.Target, mount.Subpath, mount.Layers[0], Path.GetFileName(mount.Layers[1]))));
        await harness.ReopenAsync();
        var seen = (await harness.Containers.InspectAsync(id, size: false, CancellationToken.None)).Mounts!;
        Assert.Equal(["bb", "bb:latest"], seen.Select(mount => mount.Name));
        Assert.All(seen, mount => Assert.Equal(("image", "", false, "rprivate", null), (mount.Type, mount.Mode, mount.RW, mount.Propagation, mount.Driver)));
        Assert.All(seen, mount => Assert.Contains($"/containers/{id}/images/", mount.Source, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_image_is_taken_over_from_another_container_and_held_by_both()
    {
        await using var harness = await Harness.OpenAsync();
        var first = await CreateAsync(harness);
        var second = await harness.CreateAsync(change: request => request.HostConfig!.VolumesFrom = [first]);
        Assert.Equal(2, harness.Images.Mounted[second].Count);
        var seen = (await harness.Containers.InspectAsync(second, size: false, CancellationToken.None)).Mounts!;
        Assert.All(seen, mount => Assert.Contains($"/containers/{second}/images/", mount.Source, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_not_found()
    {
        await using var harness = await Harness.OpenAsync();
        var missing = await Assert.ThrowsAsync<TareException>(() => harness.CreateAsync(change: request => request.HostConfig!.Mounts = [new Mount { Type = "image", Source = "nosuch", Target = "/x" }]));
        Assert.Equal((ErrorKind.NotFound, "No such image: nosuch"), (missing.Kind, missing.Message));
        Assert.Empty(harness.Table.Rows);
    }

    private static Task<string> CreateAsync(Harness harness) => harness.CreateAsync(change: request => request.HostConfig!.Mounts =
    [
        new Mount { Type = "image", Source = "bb:latest", Target = "/y/z", ImageOptions = new MountImageOptions { Subpath = "sub" } },
        new Mount { Type = "image", Source = "bb", Target = "/x" },
    ]);

    private static Mount Image(string subpath) => new() { Type = "image", Source = "i", Target = "/x", ImageOptions = new MountImageOptions { Subpath = subpath } };

    private static ContainerMount Parse(Mount mount) => Assert.Single(MountParser.Parse(new HostConfig { Mounts = [mount] }, [], _ => []));

    private static void Refused(string message, Mount mount) =>
        Assert.Equal($"invalid mount config for type \"image\": {message}", Assert.Throws<TareException>(() => Parse(mount)).Message);
}

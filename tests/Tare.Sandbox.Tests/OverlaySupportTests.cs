using Tare.Linux;

namespace Tare.Sandbox.Tests;

/// <summary>Which filesystems can carry the overlays of containers.</summary>
public sealed class OverlaySupportTests : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("tare-overlay-").FullName;

    public void Dispose() => Directory.Delete(home, recursive: true);

    [Fact]
    public void A_tmpfs_can_and_nothing_is_left_of_the_trial()
    {
        using var mount = Mounts.Create("tmpfs", [("source", "tmpfs")], MountAttributes.None);
        var path = $"/proc/self/fd/{mount.Number}";
        var before = File.ReadAllText("/proc/self/mountinfo");
        Assert.Null(OverlaySupport.Refusal(path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(path));
        Assert.Equal(before, File.ReadAllText("/proc/self/mountinfo"));
    }

    [Fact]
    public void What_a_crash_has_left_of_a_trial_is_no_hindrance()
    {
        using var mount = Mounts.Create("tmpfs", [("source", "tmpfs")], MountAttributes.None);
        var path = $"/proc/self/fd/{mount.Number}";
        Directory.CreateDirectory(Path.Combine(path, "overlay-check", "upper", "new"));
        Assert.Null(OverlaySupport.Refusal(path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(path));
    }

    [Fact]
    public void An_overlay_cannot_and_the_reason_is_told()
    {
        foreach (var name in (string[])["lower", "upper", "work"]) Directory.CreateDirectory(Path.Combine(home, name));
        using var mount = Mounts.Create(
            "overlay",
            [("source", "overlay"), ("lowerdir", Path.Combine(home, "lower")), ("upperdir", Path.Combine(home, "upper")), ("workdir", Path.Combine(home, "work"))],
            MountAttributes.None);
        Assert.Contains("it takes no whiteouts (make a 0/0 device: operation not permitted (EPERM))", OverlaySupport.Refusal($"/proc/self/fd/{mount.Number}"), StringComparison.Ordinal);
        // The upper directory remembers that there was something; the overlay shows nothing.
        Assert.Empty(Directory.EnumerateFileSystemEntries($"/proc/self/fd/{mount.Number}"));
    }
}

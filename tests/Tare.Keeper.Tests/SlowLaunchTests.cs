using System.Diagnostics;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>A launch that takes its time: it delays nobody, and an upgrade or a death in its midst loses nothing.</summary>
public sealed class SlowLaunchTests
{
    [Fact]
    public async Task A_slow_launch_delays_nobody()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var (slow, release) = Begin(keeper);
        using var quick = await keeper.LaunchAsync("quick", TestProgram.Shell("exit 4"));
        Assert.Equal(4, (await keeper.ExitAsync("quick")).ExitCode);
        Assert.False(slow.IsCompleted);
        release();
        (await slow).Dispose();
        Assert.Equal(8, (await keeper.ExitAsync("slow")).ExitCode);
    }

    [Fact]
    public async Task An_upgrade_in_the_midst_of_a_launch_finishes_it()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var (slow, release) = Begin(keeper);
        for (var i = 0; i < 3; i++) await keeper.Client.UpgradeAsync(null, CancellationToken.None);
        Assert.False(slow.IsCompleted);
        release();
        (await slow).Dispose();
        Assert.Equal(8, (await keeper.ExitAsync("slow")).ExitCode);
        Assert.Equal("launched\n", await keeper.ReadLogAsync("slow"));
    }

    [Fact]
    public async Task A_keeper_that_dies_in_the_midst_of_a_launch_says_so()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var (slow, release) = Begin(keeper);
        KeeperFixture.Kill(keeper.Client.KeeperPid);
        var error = await Assert.ThrowsAsync<LaunchFailedException>(() => slow);
        Assert.Equal((LaunchFailedException.NoStep, Errno.EOWNERDEAD), (error.Step, error.Error));
        release();
        using var again = await keeper.LaunchAsync("slow", TestProgram.Shell("exit 2"), generation: 2);
        Assert.Equal(2, (await keeper.ExitAsync("slow", generation: 2)).ExitCode);
    }

    [Fact]
    public async Task A_launcher_that_is_killed_is_a_failed_launch()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        var (slow, release) = Begin(keeper);
        var children = KeeperFixture.Children(keeper.Client.KeeperPid);
        Assert.Single(children);
        foreach (var child in children) KeeperFixture.Kill(int.Parse(child, System.Globalization.CultureInfo.InvariantCulture));
        var error = await Assert.ThrowsAsync<LaunchFailedException>(() => slow);
        Assert.Equal((LaunchFailedException.NoStep, Errno.ECHILD), (error.Step, error.Error));
        release();
        Assert.Empty(KeeperFixture.Children(keeper.Client.KeeperPid));
    }

    /// <summary>Begins a launch whose program waits in its midst, and gives what lets it go on.</summary>
    private static (Task<LaunchedProcess> Launch, Action Release) Begin(KeeperFixture keeper)
    {
        var (read, write) = Descriptors.Pipe();
        var launch = keeper.Client.LaunchAsync(
            new LaunchRequest
            {
                Key = new ProcessKey("slow", 1),
                Container = "slow",
                Program = TestProgram.WaitingShell("echo launched; exit 8"),
                Descriptors = [read],
                Output = OutputTarget.Log,
                Log = keeper.Log("slow"),
            },
            CancellationToken.None);
        var patience = Stopwatch.StartNew();
        while (KeeperFixture.Children(keeper.Client.KeeperPid).Length == 0 && patience.Elapsed < TimeSpan.FromSeconds(10)) Thread.Sleep(1);
        return (launch, () => write.Dispose());
    }
}

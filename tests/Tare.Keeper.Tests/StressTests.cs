using System.Diagnostics;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>Runs alone: it measures.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;

/// <summary>Many launches.</summary>
[Collection("alone")]
public sealed class StressTests
{
    [Fact]
    public async Task Ten_thousand_launches_leak_nothing_while_garbage_and_finalizers_run()
    {
        const int Launches = 10_000;
        Environment.SetEnvironmentVariable("TARE_TEST_KEEPER_STRESS", "1");
        await using var keeper = await KeeperFixture.StartAsync();
        Environment.SetEnvironmentVariable("TARE_TEST_KEEPER_STRESS", null);
        using var chatter = await keeper.LaunchAsync("chatter", TestProgram.Execute(false, "/usr/bin/yes", "a line of output"), log: keeper.Log("chatter", max: 4_000_000, segment: 1_000_000));
        await LaunchManyAsync(keeper, "warm", 200);
        var before = KeeperFixture.OpenFiles(keeper.Client.KeeperPid);
        var own = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        await LaunchManyAsync(keeper, "many", Launches);
        // What is open for a moment, while a segment is changed, is no leak.
        var patience = Stopwatch.StartNew();
        while (!before.SequenceEqual(KeeperFixture.OpenFiles(keeper.Client.KeeperPid)) && patience.Elapsed < TimeSpan.FromSeconds(10)) await Task.Delay(10);
        Assert.Equal(before, KeeperFixture.OpenFiles(keeper.Client.KeeperPid));
        Assert.InRange(Directory.GetFileSystemEntries("/proc/self/fd").Length, 0, own + 8);
        Assert.Equal([$"{chatter.Pid}"], KeeperFixture.Children(keeper.Client.KeeperPid));
        Assert.Equal(Launches + 200, keeper.Told.Count);
    }

    private static async Task LaunchManyAsync(KeeperFixture keeper, string name, int count)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            var id = $"{name}{i}";
            using var process = await keeper.LaunchAsync(id, TestProgram.Execute(false, "/bin/true"), i % 2 == 0 ? OutputTarget.Caller : OutputTarget.Discard);
            Assert.Equal(0, (await keeper.ExitAsync(id)).ExitCode);
            await keeper.AcknowledgeAsync(id);
        });
    }
}

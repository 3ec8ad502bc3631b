using System.Diagnostics;
using Tare.Linux;
using Xunit.Abstractions;
using static Tare.Keeper.Tests.HoldSupport;

namespace Tare.Keeper.Tests;

/// <summary>Many descriptors, and what they cost.</summary>
[Collection("alone")]
public sealed class HoldMassTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Ten_thousand_descriptors_are_held()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        // This process has the client's duplicates as well, and later those of the list.
        var count = (int)Math.Min(10_000, (ProcessImage.RaiseFileLimit() - 2000) / 2);
        using var sockets = new Sockets(250);
        var list = Enumerable.Range(0, count).Select(i => sockets.All[(int)(i * 7919L % 250)]).ToArray();
        var idle = await LaunchTimeAsync(keeper, "idle");
        var watch = Stopwatch.StartNew();
        await keeper.Client.HoldAsync("dns/all", list, CancellationToken.None);
        output.WriteLine($"{count} held: {watch.ElapsedMilliseconds} ms");
        using var running = await keeper.LaunchAsync("stays", TestProgram.Shell("exec sleep 100"), OutputTarget.Discard);
        output.WriteLine($"a launch: {idle.TotalMilliseconds:F2} ms before, {(await LaunchTimeAsync(keeper, "full")).TotalMilliseconds:F2} ms with them");
        watch.Restart();
        await keeper.Client.UpgradeAsync(null, CancellationToken.None);
        output.WriteLine($"upgraded: {watch.ElapsedMilliseconds} ms");
        await keeper.Client.DisposeAsync();
        watch.Restart();
        await keeper.ConnectAsync();
        output.WriteLine($"another daemon has them: {watch.ElapsedMilliseconds} ms");
        using (var holding = Assert.Single(await keeper.Client.HoldingsAsync(CancellationToken.None))) Assert.Equal(Identities(list), Identities(holding.Descriptors));
        watch.Restart();
        await KillAsync(keeper);
        output.WriteLine($"another keeper has them: {watch.ElapsedMilliseconds} ms");
        Assert.InRange(KeeperFixture.OpenFiles(keeper.Client.KeeperPid).Length, count, count + 500);
        watch.Restart();
        await keeper.Client.ReleaseAsync("dns/all", CancellationToken.None);
        output.WriteLine($"released: {watch.ElapsedMilliseconds} ms");
        Assert.InRange(KeeperFixture.OpenFiles(keeper.Client.KeeperPid).Length, 1, 500);
    }

    private static async Task<TimeSpan> LaunchTimeAsync(KeeperFixture keeper, string name)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < 21; i++)
        {
            var program = TestProgram.Execute(false, "/bin/true");
            var watch = Stopwatch.StartNew();
            using var process = await keeper.LaunchAsync($"{name}{i}", program, OutputTarget.Discard);
            times.Add(watch.Elapsed);
            await keeper.ExitAsync($"{name}{i}");
        }
        return times.Order().ElementAt(10);
    }
}

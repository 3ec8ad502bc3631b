using System.Diagnostics;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>A container that writes at full speed and a disk that stands still leave the others alone.</summary>
public sealed class StallTests : OwnDaemonTests
{
    private const int Runs = 41;
    private const int Rounds = 3;

    [TareFact]
    public Task A_frozen_log_disk_does_not_slow_the_exec_of_others() => WithDaemon(async own =>
    {
        await own.Detached("other", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        string id = await own.Ok("create", "--name", "stuck", "--network", "none", Image, "sh", "-c", "i=0; while :; do echo $i; i=$((i+1)); done");
        TimeSpan quiet = await ExecMedian(own, "other");

        string log = Path.Combine(own.Daemon.DataRoot, "containers", id, "log");
        await using LoopDisk disk = await LoopDisk.MountAsync(128, log);
        await own.Ok("start", "stuck");
        await Eventually.TrueAsync(() => Directory.EnumerateFiles(log).Any(file => new FileInfo(file).Length > 100_000), () => "no log is written to " + log);
        await disk.FreezeAsync();
        TimeSpan frozen = await ExecMedian(own, "other");
        Assert.Equal("logged", await own.Ok("run", "--rm", "--network", "none", Image, "echo", "logged"));
        await disk.ThawAsync();

        int last = int.Parse(await own.Ok("logs", "--tail", "1", "stuck"));
        await Eventually.EqualAsync(true, async () => int.Parse(await own.Ok("logs", "--tail", "1", "stuck")) > last);
        await own.Ok("rm", "-f", "stuck");
        Assert.True(await IsUnharmed(own, "log disk frozen", quiet, frozen), "exec is slowed by a log disk that is frozen; the notes have the figures");
    });

    [TareFact]
    public Task A_container_that_writes_at_full_speed_does_not_slow_the_exec_of_others() => WithDaemon(async own =>
    {
        await own.Detached("other", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        TimeSpan quiet = await ExecMedian(own, "other");
        // On a machine with few processors what else it does in one such second can be more than what is measured.
        for (int round = 1; ; round++)
        {
            await own.Detached("loud", "exec yes 0123456789012345678901234567890123456789", "--cpus", "0.5");
            await Eventually.EqualAsync(true, async () => (await own.Ok("logs", "--tail", "1", "loud")).Length > 0);
            TimeSpan loud = await ExecMedian(own, "other");
            await own.Ok("rm", "-f", "loud");
            if (await IsUnharmed(own, "beside a container writing at full speed", quiet, loud))
                return;
            Assert.True(round < Rounds, "exec is slowed by a container that writes; the notes have the figures");
        }
    });

    /// <summary>Below twice the quiet value: of before, or of now, since the machine may have got other work meanwhile.</summary>
    private static async Task<bool> IsUnharmed(Own own, string how, TimeSpan before, TimeSpan median)
    {
        TimeSpan after = await ExecMedian(own, "other");
        Note.Write($"exec median: quiet {before.TotalMilliseconds:F1} and {after.TotalMilliseconds:F1} ms, {how} {median.TotalMilliseconds:F1} ms");
        return median < 2 * (before > after ? before : after);
    }

    private static async Task<TimeSpan> ExecMedian(Own own, string container)
    {
        List<TimeSpan> times = [];
        for (int i = 0; i < Runs; i++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            await own.Ok("exec", container, "true");
            times.Add(watch.Elapsed);
        }
        return times.Order().ElementAt(Runs / 2);
    }
}

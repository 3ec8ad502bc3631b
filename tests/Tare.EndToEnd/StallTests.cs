using System.Diagnostics;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>A container that writes at full speed and a disk that stands still leave the others alone.</summary>
public sealed class StallTests : OwnDaemonTests
{
    private const int Runs = 41;

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
        await disk.ThawAsync();

        Note.Write($"exec median: quiet {quiet.TotalMilliseconds:F1} ms, log disk frozen {frozen.TotalMilliseconds:F1} ms");
        int last = int.Parse(await own.Ok("logs", "--tail", "1", "stuck"));
        await Eventually.EqualAsync(true, async () => int.Parse(await own.Ok("logs", "--tail", "1", "stuck")) > last);
        await own.Ok("rm", "-f", "stuck");
        Assert.True(frozen < quiet * 2, $"exec took {frozen.TotalMilliseconds:F1} ms while a log disk was frozen, {quiet.TotalMilliseconds:F1} ms before");
    });

    [TareFact]
    public Task A_container_that_writes_at_full_speed_does_not_slow_the_exec_of_others() => WithDaemon(async own =>
    {
        await own.Detached("other", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");
        TimeSpan quiet = await ExecMedian(own, "other");
        await own.Detached("loud", "exec yes 0123456789012345678901234567890123456789", "--cpus", "0.5");
        await Eventually.EqualAsync(true, async () => (await own.Ok("logs", "--tail", "1", "loud")).Length > 0);
        TimeSpan loud = await ExecMedian(own, "other");
        await own.Ok("kill", "loud");
        Note.Write($"exec median: quiet {quiet.TotalMilliseconds:F1} ms, beside a container writing at full speed {loud.TotalMilliseconds:F1} ms");
        Assert.True(loud < quiet * 2, $"exec took {loud.TotalMilliseconds:F1} ms beside a loud container, {quiet.TotalMilliseconds:F1} ms before");
    });

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

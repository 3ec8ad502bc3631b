using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>Runs alone: it measures.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;

/// <summary>Many launches, and a disk that does not answer.</summary>
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

    [Fact]
    public async Task A_stalled_log_disk_leaves_the_launches_of_others_quick()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var disk = LoopDisk.Create(keeper.Root);
        using var chatter = await keeper.LaunchAsync("chatter", TestProgram.Execute(false, "/usr/bin/yes", "a line of output"), log: new LogOptions { Directory = disk.Path + "/log", MaxBytes = 4_000_000, SegmentBytes = 1_000_000 });
        using var onTheDisk = await keeper.LaunchAsync("later", TestProgram.Shell("echo a; exit 5"), log: new LogOptions { Directory = disk.Path + "/first" });
        Assert.Equal(5, (await keeper.ExitAsync("later")).ExitCode);
        // The machine has other work too: one round in which nothing of it came in between is proof enough.
        double quiet = 0, stalled = double.MaxValue;
        for (var round = 0; round < 5 && stalled >= 2 * quiet; round++)
        {
            PidFds.SendSignal(chatter.PidFd, 19); // SIGSTOP
            quiet = await MedianAsync(keeper, $"quiet{round}-");
            PidFds.SendSignal(chatter.PidFd, 18); // SIGCONT
            disk.Freeze();
            stalled = await MedianAsync(keeper, $"stalled{round}-");
            disk.Thaw();
        }
        Assert.True(stalled < 2 * quiet, $"{stalled} ms against {quiet} ms");
        disk.Freeze();
        try
        {
            // Not even a launch that logs to that disk waits for it; only its end does.
            using var launched = await keeper.LaunchAsync("frozen", TestProgram.Shell("echo b; exit 6"), log: new LogOptions { Directory = disk.Path + "/second" });
            using var exec = await keeper.LaunchAsync("while", TestProgram.Shell("exit 3"), OutputTarget.Caller);
            Assert.Equal(3, (await keeper.ExitAsync("while")).ExitCode);
            Assert.False(keeper.Told.ContainsKey(launched.Key));
        }
        finally
        {
            disk.Thaw();
        }
        Assert.Equal(6, (await keeper.ExitAsync("frozen")).ExitCode);
        PidFds.SendSignal(chatter.PidFd, 9);
        await keeper.ExitAsync("chatter");
    }

    [Fact]
    public async Task A_full_disk_stops_no_process_and_the_log_goes_on_afterwards()
    {
        await using var keeper = await KeeperFixture.StartAsync();
        using var disk = LoopDisk.Create(keeper.Root);
        var filler = disk.Path + "/filler";
        using var process = await keeper.LaunchAsync("full", TestProgram.Execute(false, "/bin/cat"), stdin: true, log: new LogOptions { Directory = disk.Path + "/log" });
        await keeper.Poller.WriteAsync(process.Stdin!, "before\n"u8.ToArray(), CancellationToken.None);
        await using (var written = await LogReader.OpenAsync(keeper.Follow("full") with { Directory = disk.Path + "/log" }, CancellationToken.None))
            Assert.NotNull(await written.ReadLineAsync(new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token));
        using (var file = File.OpenHandle(filler, FileMode.CreateNew, FileAccess.Write, preallocationSize: 0))
        {
            var zeros = new byte[1 << 16];
            long offset = 0;
            try
            {
                while (true)
                {
                    RandomAccess.Write(file, zeros, offset);
                    offset += zeros.Length;
                }
            }
            catch (IOException)
            {
                RandomAccess.FlushToDisk(file);
            }
        }
        var bulk = new byte[4_000_000];
        Array.Fill(bulk, (byte)'x');
        await keeper.Poller.WriteAsync(process.Stdin!, bulk, CancellationToken.None);
        var patience = Stopwatch.StartNew();
        while (!keeper.KeeperLog().Contains("is being lost", StringComparison.Ordinal) && patience.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(10);
        Assert.Contains("no space left on device", keeper.KeeperLog());
        while (RegularFiles.Available(process.Stdin!) > 0 && patience.Elapsed < TimeSpan.FromSeconds(20)) await Task.Delay(10);
        File.Delete(filler);
        await Task.Run(disk.Sync);
        await keeper.Poller.WriteAsync(process.Stdin!, "\nafter\n"u8.ToArray(), CancellationToken.None);
        process.Stdin!.Dispose();
        await keeper.Client.CloseStdinAsync(process.Key, CancellationToken.None);
        Assert.Equal(0, (await keeper.ExitAsync("full")).ExitCode);
        await using var reader = await LogReader.OpenAsync(new LogReadOptions { Directory = disk.Path + "/log" }, CancellationToken.None);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(CancellationToken.None) is { } line) lines.Add(System.Text.Encoding.UTF8.GetString(line.Data.Span));
        Assert.Equal("before\n", lines[0]);
        Assert.Equal("after\n", lines[^1]);
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

    /// <summary>The median time of an exec from the request to its end, in milliseconds.</summary>
    private static async Task<double> MedianAsync(KeeperFixture keeper, string name)
    {
        var times = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            var watch = Stopwatch.StartNew();
            using var process = await keeper.LaunchAsync($"{name}{i}", TestProgram.Execute(false, "/bin/true"), OutputTarget.Caller);
            await keeper.ExitAsync($"{name}{i}");
            if (i >= 10) times.Add(watch.Elapsed.TotalMilliseconds);
            await keeper.AcknowledgeAsync($"{name}{i}");
        }
        return times.Order().ElementAt(times.Count / 2);
    }

    /// <summary>A small ext4 filesystem on a loop device, which can be made to stand still.</summary>
    private sealed class LoopDisk : IDisposable
    {
        private const uint FIFREEZE = 0xC0045877, FITHAW = 0xC0045878;
        private readonly Microsoft.Win32.SafeHandles.SafeFileHandle root;

        private LoopDisk(string path)
        {
            Path = path;
            root = new Microsoft.Win32.SafeHandles.SafeFileHandle(open(path, 0x10000 | 0x80000), ownsHandle: true);
        }

        public string Path { get; }

        public static LoopDisk Create(string directory)
        {
            var image = directory + "/disk.img";
            var path = Directory.CreateDirectory(directory + "/disk").FullName;
            using (var file = File.OpenHandle(image, FileMode.CreateNew, FileAccess.Write)) RandomAccess.SetLength(file, 16 << 20);
            Run("mkfs.ext4", "-q", "-F", "-m", "0", image);
            Run("mount", "-o", "loop", image, path);
            return new LoopDisk(path);
        }

        public void Freeze() => Control(FIFREEZE);

        public void Thaw() => Control(FITHAW);

        public void Sync() => Run("sync", "-f", Path);

        public void Dispose()
        {
            root.Dispose();
            Run("umount", "-l", Path); // whoever looks around in the temporary folder must not make it busy
        }

        private static void Run(string program, params string[] arguments)
        {
            using var process = Process.Start(program, arguments);
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
        }

        private void Control(uint request) => Assert.True(ioctl(root.DangerousGetHandle().ToInt32(), request, 0) == 0, string.Create(CultureInfo.InvariantCulture, $"error {Marshal.GetLastPInvokeError()}"));

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int ioctl(int fd, nuint request, nint argument);

        [DllImport("libc", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
    }
}

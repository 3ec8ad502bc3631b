using System.Globalization;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Volumes with a size, on a data root whose filesystem limits what projects take.</summary>
public sealed class QuotaTests : OwnDaemonTests
{
    // quotactl_fd(Q_XGETQUOTA) for each project of the argument, as `repquota -P` would show it: limit and usage in bytes.
    private const string Look = """
        import ctypes, os, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        folder = os.open(sys.argv[1], os.O_RDONLY)
        for project in map(int, sys.argv[2:]):
            quota = ctypes.create_string_buffer(112)
            if libc.syscall(443, folder, 0x580302, project, quota) != 0: print(project, 0, 0)
            else: print(project, struct.unpack_from('Q', quota, 8)[0] * 512, struct.unpack_from('Q', quota, 40)[0] * 512)
        """;

    [QuotaFact("ext4")]
    public Task A_size_is_kept_on_ext4() => A_size_is_kept("ext4");

    [QuotaFact("xfs")]
    public Task A_size_is_kept_on_xfs() => A_size_is_kept("xfs");

    private static async Task A_size_is_kept(string type)
    {
        await using LoopDisk disk = await LoopDisk.MountWithProjectsAsync(type);
        List<long> projects = [];
        await WithDaemon(async own =>
        {
            Assert.Equal("one", await own.Ok("volume", "create", "-o", "size=8m", "one"));
            Assert.Equal("two", (await Docker(own, "volume", "create", "-o", "size=4MiB", "two")).Ok().Text);
            Assert.Equal("map[size:8m]", await own.Ok("volume", "inspect", "-f", "{{.Options}}", "one"));
            projects.Add(await ProjectOf(own, "one"));
            projects.Add(await ProjectOf(own, "two"));
            long[] limits = await Limits(disk, projects);
            Assert.Equal([8 << 20, 4 << 20], limits);

            // Each has its own limit, whoever drives, and the container sees it.
            Assert.Equal("8192", await own.Ok("run", "--rm", "--network", "none", "-v", "one:/v", Image, "sh", "-c", "df -k /v | tail -n 1 | awk '{print $2}'"));
            IsFull(await own.Tare("run", "--rm", "--network", "none", "-v", "one:/v", Image, "sh", "-c", "mkdir /v/sub; dd if=/dev/zero of=/v/sub/big bs=64k count=320; stat -c %s /v/sub/big"), 8 << 20);
            IsFull(await Docker(own, "run", "--rm", "--network", "none", "-v", "two:/v", Image, "sh", "-c", "dd if=/dev/zero of=/v/big bs=64k count=320; stat -c %s /v/big"), 4 << 20);
            Assert.Equal("20971520", await own.Ok("run", "--rm", "--network", "none", "-v", "free:/v", Image, "sh", "-c", "dd if=/dev/zero of=/v/big bs=64k count=320 2>/dev/null; stat -c %s /v/big"));
            await own.Ok("volume", "rm", "free");

            // What an image brings counts too.
            await own.Ok("run", "--name", "maker", "--network", "none", Image, "sh", "-c", "mkdir /data; dd if=/dev/zero of=/data/file bs=64k count=16 2>/dev/null; ln -s file /data/link");
            await own.Ok("commit", "maker", "tare-test/quota:latest");
            await own.Ok("rm", "maker");
            await own.Ok("volume", "create", "-o", "size=4m", "filled");
            projects.Add(await ProjectOf(own, "filled"));
            Assert.Equal("1048576 file", await own.Ok("run", "--rm", "--network", "none", "-v", "filled:/data", "tare-test/quota:latest", "sh", "-c", "echo $(stat -c %s /data/file) $(readlink /data/link)"));
            Assert.InRange((await Usage(disk, projects[^1])), 1 << 20, 2 << 20);
            // After a crash the limits stand, and numbers are not given twice.
            own.Daemon.KillDaemon();
            await own.Daemon.StartAgainAsync();
            await own.Ok("run", "--rm", "--network", "none", "-v", "one:/v", Image, "rm", "-r", "/v/sub");
            IsFull(await own.Tare("run", "--rm", "--network", "none", "-v", "one:/v", Image, "sh", "-c", "dd if=/dev/zero of=/v/again bs=64k count=320; stat -c %s /v/again"), 8 << 20);
            await own.Ok("volume", "create", "-o", "size=1m", "later");
            projects.Add(await ProjectOf(own, "later"));
            Assert.Equal(projects.Count, projects.Distinct().Count());

            // A removed volume leaves neither files nor a limit.
            await own.Ok("volume", "rm", "one", "two", "filled", "later");
            await Eventually.EqualAsync(0, async () => (await Limits(disk, projects)).Sum());
            await Eventually.TrueAsync(() => Directory.GetFileSystemEntries(Path.Combine(own.Daemon.DataRoot, "volumes")).Length == 0, () => "files of a volume are left");
        }, Path.Combine(disk.Folder, "data"));
        Assert.All(await Limits(disk, projects), limit => Assert.Equal(0, limit));
    }

    /// <summary>The filesystem keeps some for itself of what a volume may take.</summary>
    private static void IsFull(Result run, long limit)
    {
        Assert.Matches("Disk quota exceeded|No space left on device", run.Ok().Err);
        Assert.InRange(long.Parse(run.Text, CultureInfo.InvariantCulture), limit / 2, limit);
    }

    private static async Task<long> ProjectOf(Own own, string volume)
    {
        string line = (await Running.RunAsync("lsattr", ["-p", "-d", await own.Ok("volume", "inspect", "-f", "{{.Mountpoint}}", volume)])).Ok().Text;
        return long.Parse(line.TrimStart().Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static async Task<long[]> Limits(LoopDisk disk, IEnumerable<long> projects) => [.. (await Report(disk, projects)).Select(line => line[1])];

    private static async Task<long> Usage(LoopDisk disk, long project) => (await Report(disk, [project]))[0][2];

    private static async Task<long[][]> Report(LoopDisk disk, IEnumerable<long> projects)
    {
        string[] numbers = [.. projects.Select(project => project.ToString(CultureInfo.InvariantCulture))];
        Result report = (await Running.RunAsync(Setup.Python, ["-c", Look, disk.Folder, .. numbers])).Ok();
        return [.. report.Lines.Select(line => line.Split(' ').Select(number => long.Parse(number, CultureInfo.InvariantCulture)).ToArray())];
    }

    private static Task<Result> Docker(Own own, params string[] arguments) =>
        Running.RunAsync(Setup.Docker, ["-H", own.Daemon.Host, .. arguments], environment: new Dictionary<string, string> { ["DOCKER_CONFIG"] = "/nonexistent" });
}

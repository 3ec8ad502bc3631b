using System.Globalization;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Whom the kernel's out-of-memory killer takes first: containers get what was asked for them, never what protects the keeper.</summary>
public sealed class OutOfMemoryTests : OwnDaemonTests
{
    private const int CAP_SYS_RESOURCE = 24;
    private const string Show = "cat /proc/self/oom_score_adj";

    [TareFact]
    public Task The_keepers_score_is_its_own() => WithDaemon(async own =>
    {
        await own.Detached("first", "sleep 1000");
        string score = $"/proc/{own.Daemon.KeeperPid}/oom_score_adj";
        Assert.Equal(MayLower() ? "-999" : File.ReadAllText("/proc/self/oom_score_adj").Trim(), File.ReadAllText(score).Trim());
        // Whoever may not lower a score may raise one: a keeper that stands out either way shows who inherits from it.
        File.WriteAllText(score, "321");
        Assert.Equal("0", await own.Ok("run", "--rm", "--network", "none", Image, "sh", "-c", Show));
        Assert.Equal("77", await own.Ok("run", "--rm", "--network", "none", "--oom-score-adj", "77", Image, "sh", "-c", Show));
        Assert.Equal("0", await own.Ok("exec", "first", "sh", "-c", Show));
        await own.Detached("adjusted", "sleep 1000", "--oom-score-adj", "78", "--init");
        Assert.Equal("78", await own.Ok("exec", "adjusted", "cat", "/proc/1/oom_score_adj"));
        Assert.Equal("78", await own.Ok("exec", "adjusted", "sh", "-c", Show));
        Assert.Equal("321", File.ReadAllText(score).Trim());
    });

    private static bool MayLower() =>
        (ulong.Parse(File.ReadLines("/proc/self/status").Single(line => line.StartsWith("CapEff:", StringComparison.Ordinal)).AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> CAP_SYS_RESOURCE & 1) != 0;
}

using System.Globalization;
using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>The score by which the kernel's out-of-memory killer chooses. Runs alone: every child has this process's.</summary>
[Collection("alone")]
public sealed class OutOfMemoryTests : IDisposable
{
    private const int CAP_SYS_RESOURCE = 24;
    private const string Own = "/proc/self/oom_score_adj";
    private readonly string before = File.ReadAllText(Own);

    /// <summary>Whether a score may be lowered further than the process had begun with.</summary>
    private static bool MayLower { get; } = (ulong.Parse(File.ReadLines("/proc/self/status").Single(line => line.StartsWith("CapEff:", StringComparison.Ordinal)).AsSpan(7).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> CAP_SYS_RESOURCE & 1) != 0;

    public void Dispose() => File.WriteAllText(Own, before);

    [Fact]
    public async Task The_keeper_is_taken_last_where_that_is_allowed_and_else_runs_as_it_is()
    {
        File.WriteAllText(Own, "500");
        await using var keeper = await KeeperFixture.StartAsync();
        Assert.Equal(MayLower ? "-999\n" : "500\n", File.ReadAllText($"/proc/{keeper.Client.KeeperPid}/oom_score_adj"));
        Assert.Equal("", keeper.KeeperLog());
    }

    [Fact]
    public void A_score_is_lowered_and_never_raised()
    {
        File.WriteAllText(Own, "500");
        Assert.True(OutOfMemory.TryProtect(300));
        Assert.Equal("300\n", File.ReadAllText(Own));
        Assert.True(OutOfMemory.TryProtect(400));
        Assert.Equal("300\n", File.ReadAllText(Own));
        Assert.Equal(MayLower, OutOfMemory.TryProtect(-1));
        Assert.Equal(MayLower ? "-1\n" : "300\n", File.ReadAllText(Own));
    }
}

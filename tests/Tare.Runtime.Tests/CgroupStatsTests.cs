using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

/// <summary>Texts of the kernel's, as control groups of both versions show them.</summary>
public sealed class CgroupStatsTests
{
    [Fact]
    public void Numbers_have_a_word_for_no_limit_and_are_never_negative()
    {
        Assert.Equal(ulong.MaxValue, ControlText.Number("max"u8));
        Assert.Equal(ulong.MaxValue, ControlText.Number("18446744073709551615"u8));
        Assert.Equal(0UL, ControlText.Number("-4096"u8));
        Assert.Throws<Errors.TareException>(() => ControlText.Number("12x"u8));
        Assert.Equal(5UL, ControlText.Find("low 1\noom 4\noom_kill 5\n"u8, "oom_kill"u8));
        Assert.Null(ControlText.Find("low 1\n"u8, "oom_kill"u8));
    }

    [Fact]
    public void Block_devices_of_version_1()
    {
        var entries = StatsText.BlockIo("8:0 Read 1282048\n8:0 Total 3477504\n253:1 Write 7\nTotal 3477504\n"u8);
        Assert.Equal([new BlockIoEntry(8, 0, "Read", 1282048), new BlockIoEntry(8, 0, "Total", 3477504), new BlockIoEntry(253, 1, "Write", 7)], entries);
        Assert.Equal([new BlockIoEntry(8, 0, "", 6792)], StatsText.BlockIo("8:0 6792\n"u8));
    }

    [Fact]
    public void Block_devices_of_version_2()
    {
        var io = StatsText.IoStat("254:1 rbytes=6901432320 wbytes=14245535744 rios=263278 wios=248603 dbytes=0 dios=0 cost.usage=3\n259:0 \n254:0 rbytes=2702336\n"u8);
        Assert.Equal([new BlockIoEntry(254, 1, "Read", 6901432320), new BlockIoEntry(254, 1, "Write", 14245535744), new BlockIoEntry(254, 0, "Read", 2702336)], io.ServiceBytes);
        Assert.Equal([new BlockIoEntry(254, 1, "Read", 263278), new BlockIoEntry(254, 1, "Write", 248603)], io.Serviced);
    }

    [Fact]
    public void Cpu_time_of_both_versions()
    {
        var cpu = StatsV2.Cpu("usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 10\nnr_throttled 4\nthrottled_usec 7\nnr_bursts 1\nburst_usec 9\n"u8);
        Assert.Equal((5000UL, 3000UL, 2000UL), (cpu.Total, cpu.User, cpu.Kernel));
        Assert.Equal((10UL, 4UL, 7000UL, 1UL, 9000UL), (cpu.Periods, cpu.ThrottledPeriods, cpu.ThrottledTime, cpu.BurstPeriods, cpu.BurstTime));
        var (kernel, user) = StatsV1.PerCpu("cpu user system\n0 10 20\n1 30 40 50\n"u8);
        Assert.Equal([20UL, 40UL], kernel);
        Assert.Equal([10UL, 30UL], user);
    }

    [Fact]
    public void Pressure_lines()
    {
        var pressure = StatsText.Pressure("some avg10=1.71 avg60=2.36 avg300=2.57 total=230548833\nfull avg10=1.00 avg60=1.01 avg300=1.00 total=157622356\n"u8);
        Assert.Equal(new PressureLine(1.71, 2.36, 2.57, 230548833), pressure.Some);
        Assert.Equal(new PressureLine(1.00, 1.01, 1.00, 157622356), pressure.Full);
    }

    [Fact]
    public void Rdma_devices() =>
        Assert.Equal([new RdmaStats("mlx4_0", 2, 2000), new RdmaStats("ocrdma1", 3, uint.MaxValue)], StatsText.Rdma("mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n"u8));

    [Theory]
    [InlineData("hugepages-64kB", "64KB")]
    [InlineData("hugepages-2048kB", "2MB")]
    [InlineData("hugepages-1048576kB", "1GB")]
    [InlineData("hugepages-xkB", null)]
    [InlineData("other", null)]
    public void Sizes_of_huge_pages_are_in_the_words_of_the_files(string folder, string? size) => Assert.Equal(size, StatsText.SizeOf(folder));

    [Fact]
    public void Lists_of_cpus() => Assert.Equal([0, 1, 2, 7], StatsText.Ranges("0-2,7"));
}

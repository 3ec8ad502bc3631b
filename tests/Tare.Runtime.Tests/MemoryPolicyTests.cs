using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Tests;

/// <summary>NUMA policies, set by the launcher.</summary>
public sealed class MemoryPolicyTests
{
    private static readonly int GetMemPolicy = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? 236 : 239;

    [Theory]
    [InlineData("MPOL_DEFAULT", null, 0, 0ul)]
    [InlineData("MPOL_LOCAL", "", 4, 0ul)]
    [InlineData("MPOL_BIND", "0", 2, 1ul)]
    [InlineData("MPOL_PREFERRED", "0", 1, 1ul)]
    [InlineData("MPOL_INTERLEAVE", "0", 3, 1ul)]
    public void A_policy_is_the_processs(string mode, string? nodes, int number, ulong mask)
    {
        if (!File.Exists("/proc/self/numa_maps")) return;
        var builder = new LaunchProgramBuilder();
        new AttributeSteps(builder).Set(new ProcessSpec { Args = ["a"], Cwd = "/" }, null, new LinuxMemoryPolicy { Mode = mode, Nodes = nodes });
        var (kept, slot, wrong) = (builder.Words(new ulong[17]), builder.NewSlot(), new Label());
        builder.Call(GetMemPolicy, kept, new DataOffset(kept.Offset + 8), 1024, 0, 0);
        builder.Load(slot, kept, 4);
        builder.BranchIfNot(slot, number, wrong);
        builder.Load(slot, new DataOffset(kept.Offset + 8), 8);
        builder.BranchIfNot(slot, mask, wrong);
        builder.Call(SyscallNumbers.exit_group, 3);
        builder.Mark(wrong);
        builder.Call(SyscallNumbers.exit_group, 4);
        Assert.Equal(3, RawLaunch.Run(builder.Build().Image).ExitCode);
    }

    [Fact]
    public void Modes_and_flags_are_the_kernels_numbers()
    {
        Assert.Equal([2, 0, 3, 4, 1, 5, 6], MemoryPolicyNames.Modes.Select(mode => MemoryPolicyNames.NumberOf(mode, [])));
        Assert.Equal(3 | 1 << 15 | 1 << 13, MemoryPolicyNames.NumberOf("MPOL_INTERLEAVE", ["MPOL_F_STATIC_NODES", "MPOL_F_NUMA_BALANCING"]));
        Assert.Throws<TareException>(() => MemoryPolicyNames.NumberOf("MPOL_X", []));
        Assert.Throws<TareException>(() => MemoryPolicyNames.NumberOf("MPOL_BIND", ["MPOL_BIND"]));
        Assert.Equal([0b1001ul, 1ul << 6], CpuList.Parse("0,3,70", "x").ToMask());
    }

    [Fact]
    public void A_kernel_without_NUMA_is_told_of()
    {
        var builder = new LaunchProgramBuilder();
        new AttributeSteps(builder).Set(new ProcessSpec { Args = ["a"], Cwd = "/" }, null, new LinuxMemoryPolicy { Mode = "MPOL_BIND", Nodes = "0-3" });
        var program = builder.Build();
        using var root = Paths.Open("/", OpenFlags.Path);
        Assert.Equal("cannot set the memory policy MPOL_BIND for the nodes 0-3: this kernel does not have NUMA (CONFIG_NUMA): remove linux.memoryPolicy", LaunchFailures.Explain(program, root, 0, Errno.ENOSYS).Message);
        Assert.Equal("cannot set the memory policy MPOL_BIND for the nodes 0-3: invalid argument (EINVAL)", LaunchFailures.Explain(program, root, 0, Errno.EINVAL).Message);
    }
}

using Tare.Linux;

namespace Tare.Runtime.Tests;

public sealed class MountFlagsTests
{
    [Fact]
    public void Options_are_sorted_into_flags_and_data()
    {
        var flags = MountFlags.Parse(["nosuid", "noexec", "strictatime", "mode=755", "size=64k"]);
        Assert.Equal(2UL | 8 | 1 << 24, flags.Flags);
        Assert.Equal("mode=755,size=64k", flags.Data);
        Assert.False(flags.Bind);
    }

    [Fact]
    public void The_last_of_two_opposites_wins()
    {
        Assert.Equal(0UL, MountFlags.Parse(["ro", "rw"]).Flags);
        Assert.Equal(1UL, MountFlags.Parse(["rw", "ro"]).Flags);
        var exec = MountFlags.Parse(["noexec", "exec"]);
        Assert.Equal((MountAttributes.None, MountAttributes.NoExec), (exec.Attributes, exec.Cleared));
    }

    [Theory]
    [InlineData("rprivate", Propagation.Private, true)]
    [InlineData("private", Propagation.Private, false)]
    [InlineData("rslave", Propagation.Slave, true)]
    [InlineData("rshared", Propagation.Shared, true)]
    [InlineData("unbindable", Propagation.Unbindable, false)]
    public void Propagation_is_told_with_its_reach(string option, Propagation propagation, bool recursive)
    {
        var flags = MountFlags.Parse(["rbind", option]);
        Assert.Equal((propagation, recursive, true, true), (flags.Propagation, flags.PropagationRecursive, flags.Bind, flags.Recursive));
    }

    [Fact]
    public void Rro_is_recursive() => Assert.True(MountFlags.Parse(["rbind", "rro"]) is { RecursiveAttributes: MountAttributes.ReadOnly, Attributes: MountAttributes.None });
}

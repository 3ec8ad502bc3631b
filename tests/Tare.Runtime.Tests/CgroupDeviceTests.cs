using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

public sealed class CgroupDeviceTests
{
    [Fact]
    public void Later_rules_add_to_earlier_ones_and_take_from_them()
    {
        var policy = DevicePolicy.Of([Rule("-", "a"), Rule("+", "c", 1, 3, "r"), Rule("+", "c", 1, 3, "w"), Rule("+", "b", 8, null, "rm"), Rule("-", "b", 8, null, "m"), Rule("+", "u", 1, 5, null), Rule("-", "c", 1, 5)]);
        Assert.False(policy.AllowsByDefault);
        Assert.Equal(["c 1:3 rw", "b 8:* r"], policy.Exceptions.Select(e => DevicePolicy.Format(e.Key, e.Access)));
    }

    [Fact]
    public void A_rule_for_all_devices_starts_anew()
    {
        Assert.Empty(DevicePolicy.Of([Rule("+", "c", 1, 3), Rule("-", null)]).Exceptions);
        var policy = DevicePolicy.Of([Rule("+", "c", 1, 3), Rule("+", "a", 7, 7, "r"), Rule("-", "c", 1, 5, "w")]);
        Assert.True(policy.AllowsByDefault);
        Assert.Equal(["c 1:5 w"], policy.Exceptions.Select(e => DevicePolicy.Format(e.Key, e.Access)));
    }

    [Theory]
    [InlineData("c", null, null)]
    [InlineData("c", 1L, null)]
    [InlineData("c", null, 3L)]
    public void No_hole_is_made_in_a_rule_for_many(string type, long? major, long? minor)
    {
        Assert.Contains("takes back part of", Assert.Throws<TareException>(() => DevicePolicy.Of([Rule("+", type, major, minor), Rule("-", "c", 1, 3, "w")])).Message, StringComparison.Ordinal);
        Assert.Single(DevicePolicy.Of([Rule("+", type, major, minor, "r"), Rule("-", "c", 1, 3, "w")]).Exceptions);
        Assert.Single(DevicePolicy.Of([Rule("+", type, major, minor), Rule("-", "b", 1, 3, "w")]).Exceptions);
    }

    [Theory]
    [InlineData("x", "rwm")]
    [InlineData("c", "rx")]
    public void What_is_no_rule_is_refused(string type, string access) => Assert.Throws<TareException>(() => DevicePolicy.Of([Rule("+", type, 1, 1, access)]));

    [Fact]
    public void A_list_of_the_kernel_is_read_back()
    {
        Assert.True(DevicePolicy.OfList("a *:* rwm\n"u8).AllowsByDefault);
        var policy = DevicePolicy.OfList("c *:* m\nb 8:0 rw\nc 136:* rwm\n"u8);
        Assert.False(policy.AllowsByDefault);
        Assert.Equal(["c *:* m", "b 8:0 rw", "c 136:* rwm"], policy.Exceptions.Select(e => DevicePolicy.Format(e.Key, e.Access)));
    }

    [Fact]
    public void The_lists_of_version_1_follow_a_policy_and_its_changes()
    {
        if (CgroupLayout.Host.With("devices") is not { } hierarchy) return;
        var directory = hierarchy.Path + "/" + CgroupFixture.NewName();
        Directory.CreateDirectory(directory);
        try
        {
            DeviceListV1.Apply(directory, DevicePolicy.Of(OciDevices.WithDefaults([Rule("-", "a")])), isNew: true);
            Assert.Equal(11, File.ReadAllLines(directory + "/devices.list").Length);
            DeviceListV1.Apply(directory, DevicePolicy.Of([Rule("+", "c", 1, 3, "rw"), Rule("+", "b", 8, 1, "r")]), isNew: false);
            Assert.Equal(["b 8:1 r", "c 1:3 rw"], File.ReadAllLines(directory + "/devices.list").Order(StringComparer.Ordinal));
            DeviceListV1.Apply(directory, DevicePolicy.Of([Rule("+", "a"), Rule("-", "c", 1, 3)]), isNew: false);
            Assert.Equal("a *:* rwm", CgroupFixture.Read(directory, "devices.list"));
            DeviceListV1.Apply(directory, DevicePolicy.Of([]), isNew: false);
            Assert.Equal("", CgroupFixture.Read(directory, "devices.list"));
        }
        finally
        {
            Directory.Delete(directory);
        }
    }

    [Fact]
    public void A_device_program_passes_the_kernels_verifier_and_is_exchanged_for_another()
    {
        var path = Path.Combine(CgroupFixture.Unified, CgroupFixture.NewName());
        Directory.CreateDirectory(path);
        try
        {
            using var group = Paths.Open(path, OpenFlags.ReadOnly | Paths.Directory);
            DeviceFilter.Attach(group, DevicePolicy.Of([Rule("-", "a"), Rule("+", "c", 1, 3, "rw"), Rule("+", "c", 1, 5), Rule("-", "c", 1, 5, "w")]).ToProgram());
            Assert.Equal((true, true, false), (CanOpen(path, "/dev/null", OpenFlags.ReadOnly), CanOpen(path, "/dev/null", OpenFlags.ReadWrite), CanOpen(path, "/dev/full", OpenFlags.ReadOnly)));
            Assert.Equal((true, false), (CanOpen(path, "/dev/zero", OpenFlags.ReadOnly), CanOpen(path, "/dev/zero", OpenFlags.WriteOnly)));

            DeviceFilter.Replace(group, DevicePolicy.Of([Rule("+", "a"), Rule("-", "c", 1, 5, "w")]).ToProgram());
            Assert.Equal((true, true), (CanOpen(path, "/dev/full", OpenFlags.ReadOnly), CanOpen(path, "/dev/zero", OpenFlags.ReadOnly)));
            Assert.Equal((false, false), (CanOpen(path, "/dev/zero", OpenFlags.WriteOnly), CanOpen(path, "/dev/zero", OpenFlags.ReadWrite)));

            DeviceFilter.Attach(group, DevicePolicy.Of([]).ToProgram());
            Assert.False(CanOpen(path, "/dev/null", OpenFlags.ReadOnly));
            DeviceFilter.Replace(group, DevicePolicy.Of([Rule("+", "a")]).ToProgram());
            Assert.True(CanOpen(path, "/dev/zero", OpenFlags.WriteOnly));
        }
        finally
        {
            Directory.Delete(path);
        }
    }

    private static LinuxDeviceCgroup Rule(string sign, string? type, long? major = null, long? minor = null, string? access = "rwm") =>
        new() { Allow = sign == "+", Type = type, Major = major, Minor = minor, Access = access };

    /// <summary>A launch program that joins the group and opens the device tells by its exit code whether it could.</summary>
    private static bool CanOpen(string group, string device, OpenFlags flags)
    {
        var builder = new Launching.LaunchProgramBuilder();
        var file = builder.NewSlot();
        builder.Call(SyscallNumbers.openat, Paths.CurrentDirectory, builder.Text(group + "/cgroup.procs"), (int)OpenFlags.WriteOnly).Into(file);
        builder.Call(SyscallNumbers.write, file, builder.Text("0"), 1);
        builder.Call(SyscallNumbers.openat, Paths.CurrentDirectory, builder.Text(device), (int)flags);
        builder.Call(SyscallNumbers.exit_group, 0);
        var result = RawLaunch.Run(builder.Build().Image);
        Assert.True(result.ExitCode == 0 || result.Value == Errno.EPERM, $"step {result.Step}: {Errno.Describe((int)result.Value)}");
        return result.ExitCode == 0;
    }
}

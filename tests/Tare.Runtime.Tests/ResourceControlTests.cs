using Tare.Errors;
using Tare.Oci.Runtime;
using Tare.Runtime.Containers;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Tests;

/// <summary>Directories and schemata of resctrl, upon a plain folder; the files in a new directory, which the kernel makes there, are made by the case.</summary>
public sealed class ResourceControlTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("tare-test-resctrl-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void Without_a_class_the_container_has_its_own()
    {
        var control = new ResourceControl(root, new LinuxIntelRdt(), "abc");
        Assert.Equal(($"{root}/abc", $"{root}/abc"), (control.Group, control.Made));
        control.Make();
        Assert.Empty(Directory.GetFileSystemEntries(root + "/abc"));
        ResourceControl.Remove(control.Made, warning => Assert.Fail(warning));
        ResourceControl.Remove(control.Made, warning => Assert.Fail(warning));
        Assert.False(Directory.Exists(root + "/abc"));
    }

    [Fact]
    public void One_that_was_there_is_not_taken_away()
    {
        NewClass("abc", "");
        var control = new ResourceControl(root, new LinuxIntelRdt { Schemata = ["L3:0=f"] }, "abc");
        Assert.Null(control.Made);
        control.Make();
        ResourceControl.Remove(control.Made, warning => Assert.Fail(warning));
        Assert.Equal("L3:0=f\n", File.ReadAllText(root + "/abc/schemata"));
    }

    [Fact]
    public void A_named_class_without_limits_has_to_be_there()
    {
        var missing = new ResourceControl(root, new LinuxIntelRdt { ClosId = "gold" }, "abc");
        Assert.Contains("resctrl has no such class", Assert.ThrowsAny<TareException>(missing.Make).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(root + "/gold"));
        NewClass("gold", "    L3:0=ff\n");
        new ResourceControl(root, new LinuxIntelRdt { ClosId = "gold" }, "abc").Make();
        Assert.Equal("    L3:0=ff\n", File.ReadAllText(root + "/gold/schemata"));
    }

    [Fact]
    public void The_root_is_a_class_too()
    {
        File.WriteAllText(root + "/schemata", "");
        var control = new ResourceControl(root, new LinuxIntelRdt { ClosId = "/", EnableMonitoring = true }, "abc");
        Assert.Equal((root, $"{root}/mon_groups/abc"), (control.Group, control.Made));
    }

    [Fact]
    public void Lines_are_written_at_once_and_in_order()
    {
        NewClass("gold", "MB:0=20\nL3:0=00f;1=ff\n");
        new ResourceControl(root, new LinuxIntelRdt { ClosId = "gold", L3CacheSchema = "L3:0=f", MemBwSchema = "MB:0=20", Schemata = ["L2:0=3", ""] }, "abc").Make();
        Assert.Equal("L3:0=f\nMB:0=20\nL2:0=3\n", File.ReadAllText(root + "/gold/schemata")[..22]);
    }

    [Fact]
    public void A_named_class_with_other_limits_is_refused()
    {
        NewClass("gold", "L3:0=f\n");
        var control = new ResourceControl(root, new LinuxIntelRdt { ClosId = "gold", L3CacheSchema = "L3:0=7" }, "abc");
        Assert.Contains("linux.intelRdt.l3CacheSchema is \"L3:0=7\", but the class \"gold\" is there already", Assert.ThrowsAny<TareException>(control.Make).Message, StringComparison.Ordinal);
        Assert.Equal("L3:0=f\n", File.ReadAllText(root + "/gold/schemata"));
    }

    [Fact]
    public void Tasks_of_the_class_and_of_what_is_counted_are_opened()
    {
        NewClass("gold", "");
        Directory.CreateDirectory(root + "/gold/mon_groups");
        var control = new ResourceControl(root, new LinuxIntelRdt { ClosId = "gold", EnableMonitoring = true }, "abc");
        control.Make();
        using var descriptors = new DescriptorList();
        Assert.ThrowsAny<TareException>(() => control.OpenTasks(descriptors, optional: false));
        Assert.Single(control.OpenTasks(descriptors, optional: true));
        File.WriteAllText(control.Monitoring + "/tasks", "");
        Assert.Equal(2, control.OpenTasks(descriptors, optional: false).Count);
    }

    [Fact]
    public void What_the_kernel_says_of_a_failure_is_passed_on()
    {
        Directory.CreateDirectory(root + "/info");
        File.WriteAllText(root + "/info/last_cmd_status", "too many classes\n");
        File.WriteAllText(root + "/file", "");
        var control = new ResourceControl(root + "/file", new LinuxIntelRdt(), "abc");
        Assert.EndsWith("not a directory (ENOTDIR)", Assert.ThrowsAny<TareException>(control.Make).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(root + "/gold");
        control = new ResourceControl(root, new LinuxIntelRdt { ClosId = "gold", Schemata = ["L3:0=f"] }, "abc");
        Assert.EndsWith(": too many classes", Assert.ThrowsAny<TareException>(control.Make).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("L3:0=ff;1=f\n", "L3:1=0F", true)]
    [InlineData("    MB:0=100;1=20\n    L3:0=ff\n", "MB:1=20;0=100", true)]
    [InlineData("L3:0=ff\n", "L3:0=f", false)]
    [InlineData("L3:0=ff\n", "L3:1=ff", false)]
    [InlineData("L3:0=0\n", "L3:0=00", true)]
    [InlineData("L3:0=ff\n", "MB:0=ff", false)]
    [InlineData("", "L3:0=ff", false)]
    public void Schemata_are_compared_by_what_they_mean(string schemata, string line, bool says) => Assert.Equal(says, ResourceControl.Says(schemata, line));

    private void NewClass(string name, string schemata)
    {
        Directory.CreateDirectory($"{root}/{name}");
        File.WriteAllText($"{root}/{name}/schemata", schemata);
        File.WriteAllText($"{root}/{name}/tasks", "");
    }
}

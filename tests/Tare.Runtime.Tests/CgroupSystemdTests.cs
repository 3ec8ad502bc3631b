using Tare.Errors;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Cgroups.Systemd;

namespace Tare.Runtime.Tests;

/// <summary>Names, properties and messages for systemd, without one.</summary>
public sealed class CgroupSystemdTests
{
    [Theory]
    [InlineData("a.slice", "/a.slice")]
    [InlineData("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice")]
    [InlineData("-.slice", "")]
    public void Dashes_of_slices_are_levels(string slice, string path) => Assert.Equal(path, UnitName.Expand(slice));

    [Theory]
    [InlineData(".slice")]
    [InlineData("a")]
    [InlineData("-a.slice")]
    [InlineData("a-.slice")]
    [InlineData("a--b.slice")]
    [InlineData("a/b.slice")]
    [InlineData("--.slice")]
    public void Other_names_are_no_slices(string slice) => Assert.Contains("invalid slice name", Assert.Throws<TareException>(() => UnitName.Expand(slice)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("machine-x.slice:runc:abc", "machine-x.slice", "runc-abc.scope", "/machine.slice/machine-x.slice/runc-abc.scope")]
    [InlineData(":crio:abc", null, "crio-abc.scope", "/system.slice/crio-abc.scope")]
    [InlineData("a.slice:ignored:a-b.slice", "a.slice", "a-b.slice", "/a.slice/a-b.slice")]
    [InlineData("", null, "tare-ID.scope", "/system.slice/tare-ID.scope")]
    public void Paths_name_units(string path, string? slice, string unit, string group)
    {
        var name = UnitName.Of(path, "ID");
        Assert.Equal((slice, unit, group), (name.Slice, name.Unit, name.PathIn("system.slice")));
    }

    [Theory]
    [InlineData("/a/b")]
    [InlineData("a:b")]
    [InlineData("a.slice:b:c:d")]
    [InlineData("a.slice:b:../../c")]
    [InlineData("a:b:c")]
    public void Other_paths_name_none(string path) => Assert.Throws<TareException>(() => UnitName.Of(path, "ID"));

    [Theory]
    [InlineData("0", new byte[] { 1 })]
    [InlineData("0-3,7", new byte[] { 0x8f })]
    [InlineData(" 1 , , 8-9", new byte[] { 2, 3 })]
    [InlineData("31", new byte[] { 0, 0, 0, 0x80 })]
    public void Lists_of_cpus_become_masks(string list, byte[] mask) => Assert.Equal(mask, CpuMask.Of(list));

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("3-1")]
    [InlineData("1-")]
    [InlineData("99999999")]
    public void Other_lists_do_not(string list) => Assert.Throws<TareException>(() => CpuMask.Of(list));

    [Theory]
    [InlineData("252.36-1~deb12u1", 252)]
    [InlineData("v245.4-1.fc32", 245)]
    [InlineData("\"v245\"", 245)]
    [InlineData("unknown", 0)]
    public void Versions(string text, int version) => Assert.Equal(version, SystemdManager.ParseVersion(text));

    [Theory]
    [InlineData("unix:path=/run/user/1000/bus", "/run/user/1000/bus")]
    [InlineData("tcp:host=x;unix:guid=1,path=/a%20b%25", "/a b%")]
    public void Addresses(string address, string path) => Assert.Equal(path, BusAddress.PathOf(address));

    [Fact]
    public void An_abstract_address_is_refused() => Assert.Throws<TareException>(() => BusAddress.PathOf("unix:abstract=/tmp/dbus-x"));

    [Theory]
    [InlineData("CollectMode", "'inactive-or-failed'", "CollectMode s inactive-or-failed")]
    [InlineData("TimeoutStopUSec", "uint64 123456789", "TimeoutStopUSec t 123456789")]
    [InlineData("TimeoutStopSec", "5", "TimeoutStopUSec t 5000000")]
    [InlineData("TimeoutStopSec", "0.25", "TimeoutStopUSec t 250000")]
    [InlineData("SendSIGHUP", "true", "SendSIGHUP b True")]
    [InlineData("Weight", "int16 -3", "Weight n -3")]
    [InlineData("After", "['a.service', \"b\\'.service\"]", "After as a.service|b'.service")]
    [InlineData("After", "@as []", "After as ")]
    [InlineData("Some", "@at [1, 0x10]", "Some at 1|16")]
    [InlineData("Mask", "[byte 1, 2]", "Mask ay 1|2")]
    public void Annotations_are_properties(string name, string text, string expected)
    {
        var property = Assert.Single(PropertyAnnotations.Of(new Dictionary<string, string> { ["org.systemd.property." + name] = text, ["other"] = "x" }));
        Assert.Equal(expected, Describe(property));
    }

    [Theory]
    [InlineData("ab", "true")]
    [InlineData("With1Digit", "true")]
    [InlineData("Name", "")]
    [InlineData("Name", "'open")]
    [InlineData("Name", "[1, 'a']")]
    [InlineData("Name", "[]")]
    [InlineData("Name", "[1")]
    [InlineData("Name", "1 2")]
    [InlineData("Name", "byte 256")]
    [InlineData("TimeoutSec", "'x'")]
    public void Other_annotations_are_refused(string name, string text) =>
        Assert.StartsWith("annotation org.systemd.property.", Assert.Throws<TareException>(() => PropertyAnnotations.Of(new Dictionary<string, string> { ["org.systemd.property." + name] = text })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_new_scope_has_its_slice_its_process_and_its_accounting()
    {
        var name = UnitName.Of("a.slice:p:n", "ID");
        var properties = new UnitProperties(true, () => 252, null).OfNew(name, "a.slice", 42, new LinuxResources(), new Dictionary<string, string> { ["org.systemd.property.CollectMode"] = "'inactive'" });
        Assert.Equal(
            ["Description s tare container n", "Slice s a.slice", "Delegate b True", "PIDs au 42", "MemoryAccounting b True", "CPUAccounting b True", "IOAccounting b True", "TasksAccounting b True", "DefaultDependencies b False", "CollectMode s inactive"],
            properties.Select(Describe));
        var slice = new UnitProperties(false, () => 252, null).OfNew(UnitName.Of("a.slice:p:a-b.slice", "ID"), "a.slice", 42, new LinuxResources(), null).Select(Describe).ToArray();
        Assert.Contains("Wants as a.slice", slice);
        Assert.Contains("BlockIOAccounting b True", slice);
        Assert.DoesNotContain(slice, text => text.StartsWith("PIDs", StringComparison.Ordinal) || text.StartsWith("Delegate", StringComparison.Ordinal));
        var group = new LinuxResources { Unified = new Dictionary<string, string> { ["memory.oom.group"] = "1" } };
        Assert.Contains("OOMPolicy s kill", new UnitProperties(true, () => 253, null).OfNew(name, "a.slice", 42, group, null).Select(Describe));
        Assert.DoesNotContain("OOMPolicy s kill", new UnitProperties(true, () => 252, null).OfNew(name, "a.slice", 42, group, null).Select(Describe));
    }

    [Fact]
    public void Limits_are_properties_of_version_2()
    {
        var resources = new LinuxResources
        {
            Memory = new LinuxMemory { Limit = 1000, Swap = 1500, Reservation = 500 },
            Cpu = new LinuxCpu { Shares = 1024, Quota = 5000, Period = 50000, Cpus = "0-1", Mems = "0" },
            Pids = new LinuxPids { Limit = -1 },
            BlockIo = new LinuxBlockIo { Weight = 10 },
            Unified = new Dictionary<string, string> { ["memory.high"] = "max", ["cpu.max"] = "max 5000", ["pids.max"] = "0", ["io.max"] = "x" },
        };
        Assert.Equal(
            [
                "MemoryMax t 1000", "MemoryLow t 500", "MemorySwapMax t 500", "CPUWeight t 100", "CPUQuotaPeriodUSec t 50000", "CPUQuotaPerSecUSec t 100000", "TasksMax t 18446744073709551615",
                "AllowedCPUs ay 3", "AllowedMemoryNodes ay 1", "MemoryHigh t 18446744073709551615", "CPUQuotaPeriodUSec t 5000", "CPUQuotaPerSecUSec t 18446744073709551615", "TasksMax t 1",
            ],
            new UnitProperties(true, () => 252, null).OfResources(resources, out var applied).Select(Describe));
        Assert.Same(resources, applied);
    }

    [Fact]
    public void Limits_are_properties_of_version_1()
    {
        var resources = new LinuxResources
        {
            Memory = new LinuxMemory { Limit = -1, Swap = 1500, Reservation = 500 },
            Cpu = new LinuxCpu { Shares = 1000, Quota = 12345 },
            Pids = new LinuxPids { Limit = 0 },
            BlockIo = new LinuxBlockIo { Weight = 10 },
        };
        Assert.Equal(
            ["MemoryLimit t 18446744073709551615", "CPUShares t 1000", "CPUQuotaPerSecUSec t 130000", "BlockIOWeight t 10", "TasksMax t 1"],
            new UnitProperties(false, () => 252, null).OfResources(resources, out var applied).Select(Describe));
        Assert.Equal(13000, applied.Cpu!.Quota);
    }

    [Fact]
    public void What_old_systemd_does_not_know_is_left_out_and_what_contradicts_is_said()
    {
        var resources = new LinuxResources { Cpu = new LinuxCpu { Period = 5000, Cpus = "0", Idle = 1, Shares = 2 } };
        Assert.Equal(["CPUWeight t 1", "CPUQuotaPerSecUSec t 18446744073709551615"], new UnitProperties(true, () => 230, null).OfResources(resources, out _).Select(Describe));
        var said = new List<string>();
        Assert.Contains("CPUWeight t 0", new UnitProperties(true, () => 252, said.Add).OfResources(resources, out _).Select(Describe));
        Assert.Contains("unable to apply both", Assert.Single(said), StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_are_a_list_of_what_is_allowed()
    {
        LinuxDeviceCgroup[] rules =
        [
            new() { Allow = false },
            new() { Allow = true, Type = "c", Access = "m" }, new() { Allow = true, Type = "c", Major = 1, Minor = 3 }, new() { Allow = true, Type = "b", Major = 8 }, new() { Allow = true, Type = "c", Minor = 5, Access = "r" },
        ];
        var said = new List<string>();
        Assert.Equal(
            ["DeviceAllow a(ss) ", "DevicePolicy s strict", "DeviceAllow a(ss) (char-*,m)|(/dev/char/1:3,rwm)|(block-8,rwm)"],
            UnitDevices.Of(rules, 252, said.Add).Select(Describe));
        Assert.Single(said);
        Assert.Equal(["DeviceAllow a(ss) ", "DevicePolicy s auto"], UnitDevices.Of([new LinuxDeviceCgroup { Allow = true }], 252, null).Select(Describe));
    }

    [Fact]
    public void Messages_have_the_form_of_the_specification()
    {
        var message = BusMessage.Call(7, "a.b", "/a", "a.c", "M", "sba(sv)", body =>
        {
            body.String("unit");
            body.UInt32(1);
            body.Properties([new UnitProperty("P", BusValue.Of(5UL)), new UnitProperty("L", BusValue.OfStrings(["x"]))]);
        }).Written;
        Assert.Equal("6C01000146000000070000004D000000", Convert.ToHexString(message[..16]));
        Assert.Equal(message.Length, BusMessage.HeadLength + BusMessage.RestLength(message[..16]));
        var body = message[^0x46..];
        Assert.Equal(
            "04000000" + "756E697400" + "000000" + "01000000" + "2E000000" + "00000000" // string, padding, boolean, length of array, padding to a structure
            + "01000000" + "5000" + "017400" + "00000000000000" + "0500000000000000" // "P", variant t 5
            + "01000000" + "4C00" + "02617300" + "0000" + "06000000" + "0100000078" + "00", // "L", variant as ["x"]
            Convert.ToHexString(body));
    }

    [Fact]
    public void A_broken_answer_is_an_error()
    {
        Assert.Throws<TareException>(() => BusMessage.RestLength("HTTP/1.1 400 Bad"u8));
        Assert.Throws<TareException>(() => new BusReader([5, 0, 0, 0, 65]).String());
        Assert.Throws<TareException>(() => new BusWriter().String("a\0b"));
    }

    internal static string Describe(UnitProperty property) => $"{property.Name} {property.Value.Signature} {Describe(property.Value.Content)}";

    private static string Describe(object content) => content switch
    {
        byte[] bytes => string.Join('|', bytes),
        object[] { Length: 2 } fields => $"({fields[0]},{fields[1]})",
        IEnumerable<object> list => string.Join('|', list.Select(Describe)),
        double number => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => $"{content}",
    };
}

using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Cgroups.Systemd;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Tests;

/// <summary>Scopes of a systemd that is none, over a message bus that is one, with groups of this kernel. Nothing where there is no dbus-daemon.</summary>
public sealed class CgroupScopeTests
{
    private static bool HasBus => File.Exists(FakeSystemd.Program);

    [Fact]
    public void A_scope_is_made_around_a_process_given_limits_and_stopped()
    {
        if (!HasBus) return;
        using var systemd = new FakeSystemd();
        using var manager = systemd.NewManager();
        using var launcher = Launcher.Load();
        var (slice, name) = ("taretest" + Environment.ProcessId, CgroupFixture.NewName());
        var layout = CgroupFixture.UnifiedLayout;
        var directory = $"{CgroupFixture.Unified}/{slice}.slice/{name}";
        try
        {
            var holder = IdleProcess.Start(launcher);
            var request = new OciCgroupRequest { Id = "x", CgroupsPath = $"{slice}.slice:tare-test:{name["tare-test-".Length..]}", Pid = holder.Pid, UsesSystemd = true };
            var cgroup = SystemdScopes.Create(request, layout, isRootless: false, manager);
            Assert.Equal(
                $"StartTransientUnit {name}.scope replace Description=tare container {name["tare-test-".Length..]} Slice={slice}.slice Delegate=1 PIDs=[{holder.Pid}] MemoryAccounting=1 CPUAccounting=1 IOAccounting=1 TasksAccounting=1 DefaultDependencies=0",
                Assert.Single(systemd.Calls));
            Assert.Equal((directory + ".scope", name + ".scope"), (cgroup.State.Paths[""], cgroup.State.Unit));
            using var sleeper = new Sleeper(cgroup);
            holder.Dispose();
            Assert.False(Directory.Exists($"/proc/{holder.Pid}"));
            cgroup.Apply(new LinuxResources { Devices = OciDevices.WithDefaults([]) });
            Assert.StartsWith($"SetUnitProperties {name}.scope 1 DeviceAllow=[] DevicePolicy=strict DeviceAllow=[(char-*,m)|(block-*,m)|(/dev/char/1:3,rwm)|", systemd.Calls[1], StringComparison.Ordinal);
            Assert.Contains("not available", Assert.ThrowsAny<TareException>(() => cgroup.Apply(new LinuxResources { Cpu = new LinuxCpu { Shares = 1024 } })).Message, StringComparison.Ordinal);
            Assert.Equal($"SetUnitProperties {name}.scope 1 CPUWeight=100", systemd.Calls[2]);
            cgroup.Freeze();
            cgroup.Remove();
            Assert.Equal(137, sleeper.Ended()?.ExitCode);
            Assert.Equal([$"StopUnit {name}.scope replace", $"ResetFailedUnit {name}.scope"], systemd.Calls[3..]);
            Assert.False(Directory.Exists(directory + ".scope"));
        }
        finally
        {
            _ = GroupTree.TryRemove($"{CgroupFixture.Unified}/{slice}.slice");
        }
    }

    [Fact]
    public void A_users_scope_is_below_its_own_systemd()
    {
        if (!HasBus) return;
        using var systemd = new FakeSystemd { ControlGroup = "/" + CgroupFixture.NewName() };
        using var manager = systemd.NewManager();
        try
        {
            var cgroup = SystemdScopes.Create(new OciCgroupRequest { Id = "abc", Pid = Environment.ProcessId, UsesSystemd = true }, CgroupFixture.UnifiedLayout, isRootless: true, manager);
            Assert.Equal(CgroupFixture.Unified + systemd.ControlGroup + "/user.slice/tare-abc.scope", cgroup.State.Paths[""]);
            Assert.True(cgroup.State.IsRootless);
            cgroup.Remove();
        }
        finally
        {
            _ = GroupTree.TryRemove(CgroupFixture.Unified + systemd.ControlGroup);
        }
    }

    [Fact]
    public void A_scope_that_nobody_has_saved_is_stopped_unless_somebody_is_in_it()
    {
        if (!HasBus) return;
        using var systemd = new FakeSystemd();
        using var manager = systemd.NewManager();
        using var launcher = Launcher.Load();
        var (slice, name) = ("taretest" + Environment.ProcessId, CgroupFixture.NewName());
        var request = new OciCgroupRequest { Id = "x", CgroupsPath = $"{slice}.slice:tare-test:{name["tare-test-".Length..]}", UsesSystemd = true };
        var (layout, directory) = (CgroupFixture.UnifiedLayout, $"{CgroupFixture.Unified}/{slice}.slice/{name}.scope");
        try
        {
            using (var holder = IdleProcess.Start(launcher))
            {
                // The groups of this systemd are made here, and the holder is not in them.
                var cgroup = SystemdScopes.Create(request with { Pid = holder.Pid }, layout, isRootless: false, manager);
                using (new Sleeper(cgroup))
                {
                    SystemdScopes.Forget(request, layout, isRootless: false, manager);
                    Assert.Single(systemd.Calls);
                    Assert.True(Directory.Exists(directory));
                }
            }
            SystemdScopes.Forget(request, layout, isRootless: false, manager);
            Assert.Equal([$"StopUnit {name}.scope replace", $"ResetFailedUnit {name}.scope"], systemd.Calls[1..]);
            Assert.False(Directory.Exists(directory));
        }
        finally
        {
            _ = GroupTree.TryRemove($"{CgroupFixture.Unified}/{slice}.slice");
        }
    }

    /// <summary>Seen with systemd, which removes the group of a scope as soon as its last process has ended.</summary>
    [Fact]
    public void A_group_that_goes_while_it_is_looked_at_has_nothing_in_it()
    {
        var directory = $"{CgroupFixture.Unified}/{CgroupFixture.NewName()}";
        Directory.CreateDirectory(directory);
        using var open = Paths.Open(directory, OpenFlags.ReadOnly | Paths.Directory);
        Assert.True(GroupTree.TryRemove(directory));
        var found = new List<string>();
        GroupTree.AddChildren(found, directory, open);
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("system.slice:tare:abc", true)]
    [InlineData("::abc", true)]
    [InlineData("/tare/abc", false)]
    [InlineData("a:b", false)]
    public void The_form_of_a_path_tells_that_it_is_systemds(string path, bool isForm) => Assert.Equal(isForm, UnitName.IsForm(path));

    [Fact]
    public void A_failed_unit_of_the_name_is_cleared_away_once()
    {
        if (!HasBus) return;
        using var systemd = new FakeSystemd();
        using var manager = systemd.NewManager();
        systemd.Existing.Add("a.scope");
        manager.Start("a.scope", []);
        Assert.Equal(["StartTransientUnit a.scope replace ", "ResetFailedUnit a.scope", "StartTransientUnit a.scope replace "], systemd.Calls);
        Assert.Equal(252, manager.Version);
    }

    [Fact]
    public void What_systemd_refuses_is_said_with_its_reason()
    {
        if (!HasBus) return;
        using var systemd = new FakeSystemd { Result = "failed" };
        using var manager = systemd.NewManager();
        Assert.Contains("cannot start the unit a.scope: systemd says \"failed\"", Assert.ThrowsAny<TareException>(() => manager.Start("a.scope", [])).Message, StringComparison.Ordinal);
        Assert.Contains("unable to set unit properties of refused.scope: no such property", Assert.ThrowsAny<TareException>(() => manager.Set("refused.scope", [new UnitProperty("X", BusValue.Of(true))])).Message, StringComparison.Ordinal);
        manager.Stop("b.scope");
        Assert.Null(BusConnection.TryConnect(systemd.BusPath + "-missing", isBus: true));
    }

    [Fact]
    public void Without_systemd_a_scope_is_refused()
    {
        if (SystemdManager.IsRunning) return;
        Assert.Contains("systemd not running on this host", Assert.ThrowsAny<TareException>(() => OciCgroup.Create(new OciCgroupRequest { Id = "x", UsesSystemd = true, Pid = 1 })).Message, StringComparison.Ordinal);
    }
}

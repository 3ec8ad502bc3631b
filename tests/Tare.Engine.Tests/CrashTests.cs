using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Keeper;
using Tare.Wire;

namespace Tare.Engine.Tests;

/// <summary>The engine is killed, or a part below it fails, at each step; what comes out is one of the ordinary states, and nothing is left.</summary>
public sealed class CrashTests
{
    [Fact]
    public async Task Running_containers_are_adopted()
    {
        await using var harness = await Harness.OpenAsync();
        var ids = new List<string>();
        for (var i = 0; i < 20; i++) ids.Add(await harness.RunAsync($"c{i}"));
        var pids = ids.ConvertAll(id => harness.Get(id).State.Pid);
        await harness.ReopenAsync();
        Assert.Equal(pids, ids.ConvertAll(id => harness.Get(id).State.Pid));
        Assert.All(ids, id => Assert.Equal("running", harness.Get(id).State.Status));
        // They are under control: signals reach them, and their ends are seen.
        foreach (var id in ids) await harness.Containers.StopAsync(id, null, 5, CancellationToken.None);
        Assert.All(ids, id => Assert.Equal(143, harness.Get(id).State.ExitCode));
        await harness.IdleAsync();
        Assert.Empty(harness.Keeper.Keys);
    }

    [Fact]
    public async Task A_container_that_ended_meanwhile_has_its_exit_code()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Keeper.Program = ["/bin/sh", "-c", "sleep 0.3; exit 7"];
        var id = await harness.RunAsync();
        await harness.KillEngineAsync();
        await Task.Delay(600);
        await harness.ReopenAsync();
        var response = await harness.Containers.Wait(id, WaitCondition.NotRunning, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(7, response.StatusCode);
        await harness.IdleAsync();
        Assert.Equal("exited", harness.Get(id).State.Status);
        Assert.Empty(harness.Keeper.Keys);
    }

    [Fact]
    public async Task An_engine_that_dies_between_launch_and_answer_adopts_the_process()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync();
        // The intent is written, the process runs, and nothing more was written.
        await harness.KillEngineAsync();
        var stored = harness.Table.Rows.Single();
        harness.Table.UpdateState(id, stored.State.BeginLaunch(byPolicy: false));
        using var program = Linux.Descriptors.SealedMemory("fake", "x"u8);
        (await harness.Keeper.LaunchAsync(new LaunchRequest { Key = new ProcessKey(id, 1), Container = id, Program = program }, CancellationToken.None)).Dispose();
        await harness.ReopenAsync();
        Assert.Equal("running", harness.Get(id).State.Status);
        Assert.False(harness.Get(id).State.Launching);
        await harness.Containers.StopAsync(id, null, 5, CancellationToken.None);
    }

    [Fact]
    public async Task An_engine_that_dies_before_the_launch_says_so()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync();
        await harness.KillEngineAsync();
        harness.Table.UpdateState(id, harness.Table.Rows.Single().State.BeginLaunch(byPolicy: false));
        await harness.ReopenAsync();
        var state = harness.Get(id).State;
        Assert.Equal((Phase.Created, false, 128), (state.Phase, state.Launching, state.ExitCode));
        Assert.NotEmpty(state.Error);
        await harness.Containers.StartAsync(id, CancellationToken.None);
        Assert.Equal(2, harness.Get(id).State.Generation);
    }

    [Fact]
    public async Task After_a_reboot_containers_have_ended_and_those_with_a_policy_start()
    {
        await using var harness = await Harness.OpenAsync();
        var plain = await harness.RunAsync("plain");
        var always = await harness.RunAsync("always", request => request.HostConfig!.RestartPolicy = new RestartPolicy { Name = "always" });
        var once = await harness.RunAsync("once", request => request.HostConfig!.AutoRemove = true);
        await harness.KillEngineAsync();
        foreach (var key in harness.Keeper.Keys.ToList()) await harness.Keeper.AcknowledgeAsync(key, CancellationToken.None);
        await harness.ReopenAsync();
        await LifecycleTests.Until(() => harness.Get(always).State.Status == "running");
        await harness.IdleAsync();
        Assert.Equal(("exited", 255), (harness.Get(plain).State.Status, harness.Get(plain).State.ExitCode));
        Assert.Throws<TareException>(() => harness.Get(once));
    }

    [Fact]
    public async Task What_no_container_claims_is_ended_and_swept()
    {
        await using var harness = await Harness.OpenAsync();
        var orphan = new string('a', 64);
        Directory.CreateDirectory(harness.DirectoryOf(orphan));
        harness.Images.CreateWritable(orphan, FakeImages.Id, []);
        using var program = Linux.Descriptors.SealedMemory("fake", "x"u8);
        (await harness.Keeper.LaunchAsync(new LaunchRequest { Key = new ProcessKey(orphan, 1), Container = orphan, Program = program }, CancellationToken.None)).Dispose();
        await harness.ReopenAsync();
        await LifecycleTests.Until(() => !harness.Keeper.Keys.Any());
        await harness.IdleAsync();
        Assert.Empty(harness.Directories);
        Assert.Empty(harness.Images.Writables);
    }

    [Fact]
    public async Task A_removal_that_was_under_way_is_finished()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync();
        await harness.KillEngineAsync();
        // Killed after the row was gone and before the files were.
        harness.Table.Delete(id);
        await harness.ReopenAsync();
        await harness.IdleAsync();
        Assert.Empty(harness.Directories);
        Assert.Empty(harness.Images.Writables);
    }

    [Fact]
    public async Task Control_groups_whose_removal_was_under_way_are_removed()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Keeper.Program = ["/bin/true"];
        var ended = await harness.CreateAsync("ended");
        await harness.EndAsync(ended, () => harness.Containers.StartAsync(ended, CancellationToken.None));
        await harness.KillEngineAsync();
        var gone = new string('e', 64);
        Directory.CreateDirectory(harness.DirectoryOf(gone));
        harness.Sandbox.Cgroups[ended] = new FakeCgroup();
        harness.Sandbox.Cgroups[gone] = new FakeCgroup();
        await harness.ReopenAsync();
        await harness.IdleAsync();
        Assert.True(harness.Sandbox.Cgroups[ended].Removed);
        Assert.True(harness.Sandbox.Cgroups[gone].Removed);
        Assert.False(Directory.Exists(harness.DirectoryOf(gone)));
    }

    [Fact]
    public async Task A_restart_by_policy_that_was_waited_for_happens()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Keeper.Program = ["/bin/false"];
        var id = await harness.RunAsync(change: request => request.HostConfig!.RestartPolicy = new RestartPolicy { Name = "on-failure", MaximumRetryCount = 50 });
        await LifecycleTests.Until(() => harness.Get(id).State.Phase == Phase.Restarting);
        await harness.KillEngineAsync();
        harness.Keeper.Program = ["/bin/sleep", "1000"];
        await harness.ReopenAsync();
        await LifecycleTests.Until(() => harness.Get(id).State.Phase == Phase.Running);
    }

    [Fact]
    public async Task A_disk_that_is_full_while_creating_leaves_nothing()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Images.FailOnCreate = true;
        await Assert.ThrowsAsync<TareException>(() => harness.CreateAsync("full"));
        harness.Images.FailOnCreate = false;
        harness.Table.FailOnWrite = 1;
        await Assert.ThrowsAsync<TareException>(() => harness.CreateAsync("full"));
        Assert.Empty(harness.Directories);
        Assert.Empty(harness.Images.Writables);
        Assert.Empty(harness.Table.Rows);
        // Not even the name.
        await harness.CreateAsync("full");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_database_that_fails_while_starting_leaves_no_process(int write)
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync();
        harness.Table.FailOnWrite = write;
        await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync(id, CancellationToken.None));
        await LifecycleTests.Until(() => !harness.Keeper.Running.Any());
        await LifecycleTests.Until(() => !harness.Get(id).State.Launching);
        await harness.IdleAsync();
        Assert.False(harness.Get(id).State.IsRunning);
        await harness.Containers.StartAsync(id, CancellationToken.None);
        Assert.Equal("running", harness.Get(id).State.Status);
    }

    [Fact]
    public async Task An_end_is_acknowledged_only_when_it_is_written()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync();
        var ended = harness.Containers.Wait(id, WaitCondition.NextExit, CancellationToken.None);
        harness.Table.FailAlways = true;
        harness.Get(id).Live!.Signal(9);
        await LifecycleTests.Until(() => harness.Log.Exists(line => line.Contains("disk is full", StringComparison.Ordinal)));
        Assert.False(ended.IsCompleted);
        Assert.Empty(harness.Keeper.Acknowledged);
        // When there is room again, the end is written after all.
        harness.Table.FailAlways = false;
        Assert.Equal(137, (await ended.WaitAsync(TimeSpan.FromSeconds(10))).StatusCode);
        await harness.IdleAsync();
        Assert.Single(harness.Keeper.Acknowledged);
    }

    [Fact]
    public async Task An_end_that_was_not_written_is_told_to_the_next_engine()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync();
        harness.Table.FailAlways = true;
        harness.Get(id).Live!.Signal(9);
        await LifecycleTests.Until(() => harness.Log.Exists(line => line.Contains("disk is full", StringComparison.Ordinal)));
        await harness.KillEngineAsync();
        harness.Table.FailAlways = false;
        await harness.ReopenAsync();
        Assert.Equal(137, (await harness.Containers.Wait(id, WaitCondition.NotRunning, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10))).StatusCode);
    }

    [Fact]
    public async Task A_failed_start_that_cannot_be_written_down_leaves_a_container_that_can_be_removed()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync();
        harness.Keeper.FailWith = Linux.Errno.ENOENT;
        harness.Table.FailOnWrite = 2;
        await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync(id, CancellationToken.None));
        await harness.Containers.RemoveAsync(id, new ContainerRemoveOptions(), CancellationToken.None);
        await harness.IdleAsync();
        Assert.Empty(harness.Directories);
    }
}

using Tare.Engine.Containers;
using Tare.Errors;
using Tare.Linux;
using Tare.Wire;

namespace Tare.Engine.Tests;

public sealed class LifecycleTests
{
    [Fact]
    public async Task A_life_has_dockers_states_and_events()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync("web");
        Assert.Equal("created", harness.Get("web").State.Status);

        await harness.Containers.StartAsync("web", CancellationToken.None);
        var state = (await harness.Containers.InspectAsync("web", false, CancellationToken.None)).State!;
        Assert.Equal(("running", true, 0), (state.Status, state.Running, state.ExitCode));
        Assert.True(state.Pid > 0);

        await harness.Containers.StopAsync("web", null, 5, CancellationToken.None);
        await harness.IdleAsync();
        state = (await harness.Containers.InspectAsync(id[..12], false, CancellationToken.None)).State!;
        Assert.Equal(("exited", false, 143, 0), (state.Status, state.Running, state.ExitCode, state.Pid));
        Assert.NotEqual(GoTime.Zero, state.FinishedAt);

        await harness.Containers.RemoveAsync("web", new ContainerRemoveOptions(), CancellationToken.None);
        await harness.IdleAsync();
        Assert.Equal(["create", "start", "kill", "die", "stop", "destroy"], harness.Events().Select(e => e.Action));
        Assert.Equal("15", harness.Events()[2].Actor.Attributes!["signal"]);
        Assert.Equal("143", harness.Events()[3].Actor.Attributes!["exitCode"]);
        Assert.All(harness.Events(), e => Assert.Equal(("bb", "web", id), (e.Actor.Attributes!["image"], e.Actor.Attributes["name"], e.Actor.ID)));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_removed_container()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync();
        await harness.Containers.RemoveAsync(id, new ContainerRemoveOptions { Force = true }, CancellationToken.None);
        await harness.IdleAsync();
        Assert.Empty(harness.Table.Rows);
        Assert.Empty(harness.Directories);
        Assert.Empty(harness.Images.Writables);
        Assert.Empty(harness.Keeper.Keys);
        Assert.True(harness.Sandbox.Cgroups[id].Removed);
        Assert.Throws<TareException>(() => harness.Get(id));
    }

    [Fact]
    public async Task Auto_removal_follows_the_end_and_wakes_who_waits_for_it()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync("once", request => request.HostConfig!.AutoRemove = true);
        var removed = harness.Containers.Wait(id, WaitCondition.Removed, CancellationToken.None);
        await harness.Containers.KillAsync(id, "KILL", CancellationToken.None);
        Assert.Equal(137, (await removed.WaitAsync(TimeSpan.FromSeconds(10))).StatusCode);
        await harness.IdleAsync();
        Assert.Empty(harness.Directories);
        // The name is free again.
        await harness.CreateAsync("once");
    }

    [Fact]
    public async Task A_signal_that_process_1_ignores_is_followed_by_kill()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Keeper.Program = ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"];
        var id = await harness.RunAsync();
        // The trap must be set before the signal comes.
        await Task.Delay(200);
        await harness.Containers.StopAsync(id, null, 1, CancellationToken.None);
        Assert.Equal(137, harness.Get(id).State.ExitCode);
        Assert.Equal(["15", "9"], harness.Events().Where(e => e.Action == "kill").Select(e => e.Actor.Attributes!["signal"]));
    }

    [Fact]
    public async Task The_containers_own_stop_signal_is_used()
    {
        await using var harness = await Harness.OpenAsync();
        // Not SIGQUIT: a shell starts background jobs with it ignored, and the test run may be one.
        var id = await harness.RunAsync(change: request => request.StopSignal = "SIGUSR1");
        await harness.Containers.StopAsync(id, null, 5, CancellationToken.None);
        Assert.Equal(128 + 10, harness.Get(id).State.ExitCode);
    }

    [Fact]
    public async Task Pause_freezes_and_a_kill_thaws()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync("pp");
        await harness.Containers.PauseAsync("pp", CancellationToken.None);
        Assert.True(harness.Sandbox.Cgroups[id].Frozen);
        Assert.Equal("paused", harness.Get(id).State.Status);
        await Refused(ErrorKind.Conflict, $"Container {id} is already paused", () => harness.Containers.PauseAsync("pp", CancellationToken.None));
        await Refused(ErrorKind.Conflict, "cannot start a paused container, try unpause instead", () => harness.Containers.StartAsync("pp", CancellationToken.None));
        await Refused(
            ErrorKind.Conflict,
            "cannot remove container \"pp\": container is paused and must be unpaused first",
            () => harness.Containers.RemoveAsync("pp", new ContainerRemoveOptions(), CancellationToken.None));
        await harness.Containers.KillAsync("pp", null, CancellationToken.None);
        Assert.False(harness.Sandbox.Cgroups[id].Frozen);
        Assert.Equal(["create", "start", "pause", "unpause", "kill", "die"], harness.Events().Select(e => e.Action));
    }

    [Fact]
    public async Task What_the_state_forbids_has_dockers_words()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync("cc");
        await Refused(ErrorKind.NotModified, "container is already stopped", () => harness.Containers.StopAsync("cc", null, null, CancellationToken.None));
        await Refused(ErrorKind.Conflict, $"cannot kill container: cc: container {id} is not running", () => harness.Containers.KillAsync("cc", null, CancellationToken.None));
        await Refused(ErrorKind.Conflict, $"container {id} is not running", () => harness.Containers.PauseAsync("cc", CancellationToken.None));
        await Refused(ErrorKind.Internal, $"Container {id} is not paused", () => harness.Containers.UnpauseAsync("cc", CancellationToken.None));
        await Refused(ErrorKind.Conflict, $"container {id} is not running", () => harness.Containers.TopAsync("cc", null, CancellationToken.None));
        await Refused(ErrorKind.InvalidArgument, "cannot kill container: cc: invalid signal: FOO", () => harness.Containers.KillAsync("cc", "FOO", CancellationToken.None));
        await Refused(ErrorKind.InvalidArgument, "cannot kill container: cc: the linux daemon does not support signal 99", () => harness.Containers.KillAsync("cc", "99", CancellationToken.None));
        await Refused(ErrorKind.NotFound, "No such container: nosuch", () => harness.Containers.StartAsync("nosuch", CancellationToken.None));
        await harness.Containers.StartAsync("cc", CancellationToken.None);
        await Refused(ErrorKind.NotModified, "container is already running", () => harness.Containers.StartAsync("cc", CancellationToken.None));
        await Refused(
            ErrorKind.Conflict,
            "cannot remove container \"cc\": container is running: stop the container before removing or force remove",
            () => harness.Containers.RemoveAsync("cc", new ContainerRemoveOptions(), CancellationToken.None));
    }

    [Fact]
    public async Task Restart_keeps_a_container_that_is_to_be_removed_at_its_end()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync("rr", request => request.HostConfig!.AutoRemove = true);
        await harness.Containers.RestartAsync("rr", null, 5, CancellationToken.None);
        await harness.IdleAsync();
        Assert.Equal("running", harness.Get(id).State.Status);
        Assert.Equal(2, harness.Get(id).State.Generation);
        Assert.Equal(["create", "start", "kill", "die", "stop", "start", "restart"], harness.Events().Select(e => e.Action));
    }

    [Fact]
    public async Task The_policy_starts_it_again_until_somebody_stops_it()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Keeper.Program = ["/bin/sh", "-c", "exit 3"];
        var id = await harness.RunAsync("loop", request => request.HostConfig!.RestartPolicy = new RestartPolicy { Name = "always" });
        await Until(() => harness.Get(id).State.RestartCount >= 2);
        await harness.Containers.StopAsync("loop", null, 5, CancellationToken.None);
        await harness.IdleAsync();
        var count = harness.Get(id).State.RestartCount;
        Assert.Equal("exited", harness.Get(id).State.Status);
        await Task.Delay(500);
        Assert.Equal(count, harness.Get(id).State.RestartCount);
    }

    [Fact]
    public async Task On_failure_counts_and_leaves_a_success_alone()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Keeper.Program = ["/bin/sh", "-c", "exit 3"];
        var failing = await harness.RunAsync("aa", request => request.HostConfig!.RestartPolicy = new RestartPolicy { Name = "on-failure", MaximumRetryCount = 2 });
        await Until(() => harness.Get(failing).State is { Phase: Phase.Exited, RestartCount: 2 });
        harness.Keeper.Program = ["/bin/true"];
        var fine = await harness.RunAsync("bb", request => request.HostConfig!.RestartPolicy = new RestartPolicy { Name = "on-failure" });
        await Until(() => harness.Get(fine).State.Phase == Phase.Exited);
        Assert.Equal(0, harness.Get(fine).State.RestartCount);
    }

    [Fact]
    public async Task Out_of_memory_is_told()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync();
        harness.Sandbox.Cgroups[id].OutOfMemory = true;
        await harness.EndAsync(id, () => harness.Containers.KillAsync(id, null, CancellationToken.None));
        Assert.True(harness.Get(id).State.OomKilled);
        Assert.Equal(["create", "start", "kill", "oom", "die"], harness.Events().Select(e => e.Action));
    }

    [Theory]
    [InlineData(Errno.ENOENT, 127, "executable file not found in $PATH")]
    [InlineData(Errno.EACCES, 126, "permission denied")]
    public async Task A_program_that_cannot_be_executed_leaves_the_container_as_it_was(int error, int exitCode, string words)
    {
        await using var harness = await Harness.OpenAsync();
        harness.Keeper.FailWith = error;
        var id = await harness.CreateAsync("bad");
        var thrown = await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync("bad", CancellationToken.None));
        Assert.Equal(ErrorKind.InvalidArgument, thrown.Kind);
        Assert.StartsWith("failed to create task for container: failed to create shim task: OCI runtime create failed: ", thrown.Message, StringComparison.Ordinal);
        Assert.EndsWith(words, thrown.Message, StringComparison.Ordinal);
        var state = (await harness.Containers.InspectAsync("bad", false, CancellationToken.None)).State!;
        Assert.Equal(("created", exitCode), (state.Status, state.ExitCode));
        Assert.Contains(words, state.Error, StringComparison.Ordinal);
        Assert.True(harness.Sandbox.Cgroups[id].Removed);
        Assert.Empty(harness.Keeper.Keys);
        // And it can be started when the cause is gone.
        harness.Keeper.FailWith = 0;
        await harness.Containers.StartAsync("bad", CancellationToken.None);
        Assert.Equal("running", harness.Get(id).State.Status);
        Assert.Equal("", harness.Get(id).State.Error);
    }

    [Fact]
    public async Task A_failed_start_removes_a_container_that_was_to_be_removed_at_its_end()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Keeper.FailWith = Errno.ENOENT;
        var id = await harness.CreateAsync(change: request => request.HostConfig!.AutoRemove = true);
        await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync(id, CancellationToken.None));
        await harness.IdleAsync();
        Assert.Empty(harness.Table.Rows);
        Assert.Empty(harness.Directories);
    }

    [Fact]
    public async Task The_sandboxs_refusal_is_the_starts()
    {
        await using var harness = await Harness.OpenAsync();
        harness.Sandbox.Fail = TareException.Internal("error gathering device information while adding custom device \"/dev/nosuch\": no such file or directory");
        var id = await harness.CreateAsync();
        await Assert.ThrowsAsync<TareException>(() => harness.Containers.StartAsync(id, CancellationToken.None));
        Assert.Equal(128, harness.Get(id).State.ExitCode);
        Assert.False(harness.Get(id).State.Launching);
    }

    [Fact]
    public async Task Rename_takes_the_name_and_frees_the_old_one()
    {
        await using var harness = await Harness.OpenAsync();
        await harness.CreateAsync("one");
        var two = await harness.CreateAsync("two");
        await Refused(
            ErrorKind.Conflict,
            $"Error when allocating new name: Conflict. The container name \"/two\" is already in use by container \"{two}\". You have to remove (or rename) that container to be able to reuse that name.",
            () => harness.Containers.RenameAsync("one", "two", CancellationToken.None));
        await Refused(ErrorKind.InvalidArgument, "Renaming a container with the same name as its current name", () => harness.Containers.RenameAsync("one", "one", CancellationToken.None));
        await Refused(
            ErrorKind.InvalidArgument,
            "Error when allocating new name: Invalid container name (/a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
            () => harness.Containers.RenameAsync("one", "a b", CancellationToken.None));
        await harness.Containers.RenameAsync("one", "three", CancellationToken.None);
        await harness.CreateAsync("one");
        Assert.Equal("/one", harness.Events().Single(e => e.Action == "rename").Actor.Attributes!["oldName"]);
    }

    [Fact]
    public async Task Waiting_ends_when_it_should()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync();
        Assert.Equal(0, (await harness.Containers.Wait(id, WaitCondition.NotRunning, CancellationToken.None)).StatusCode);
        var next = harness.Containers.Wait(id, WaitCondition.NextExit, CancellationToken.None);
        await harness.Containers.StartAsync(id, CancellationToken.None);
        Assert.False(next.IsCompleted);
        using var gaveUp = new CancellationTokenSource();
        var cancelled = harness.Containers.Wait(id, WaitCondition.NextExit, gaveUp.Token);
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await harness.Containers.KillAsync(id, "TERM", CancellationToken.None);
        Assert.Equal(143, (await next.WaitAsync(TimeSpan.FromSeconds(10))).StatusCode);
        Assert.Equal(143, (await harness.Containers.Wait(id, WaitCondition.NotRunning, CancellationToken.None)).StatusCode);
    }

    [Fact]
    public async Task Many_starts_at_once_start_once()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.CreateAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            try
            {
                await harness.Containers.StartAsync(id, CancellationToken.None);
                return true;
            }
            catch (TareException e) when (e.Kind == ErrorKind.NotModified)
            {
                return false;
            }
        }));
        Assert.Equal(1, results.Count(started => started));
        Assert.Single(harness.Keeper.Launches);
    }

    [Fact]
    public async Task Update_reaches_the_running_container()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync();
        await harness.Containers.UpdateAsync(id, new ContainerUpdateRequest { CpuShares = 512, RestartPolicy = new RestartPolicy { Name = "always" } }, CancellationToken.None);
        Assert.Equal(512, harness.Sandbox.Cgroups[id].Updated!.CpuShares);
        Assert.Equal("always", harness.Table.Rows.Single().Definition.HostConfig.RestartPolicy.Name);
    }

    internal static async Task Refused(ErrorKind kind, string message, Func<Task> action)
    {
        var thrown = await Assert.ThrowsAsync<TareException>(action);
        Assert.Equal((kind, message), (thrown.Kind, thrown.Message));
    }

    internal static async Task Until(Func<bool> condition)
    {
        var limit = DateTime.UtcNow.AddSeconds(10);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < limit, "it did not come about within ten seconds");
            await Task.Delay(10);
        }
    }
}

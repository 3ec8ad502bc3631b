using System.Text.Json.Nodes;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>Many at once, and callers that are killed in the middle.</summary>
public sealed class OciConcurrencyTests(OciFixture oci) : OciTests(oci)
{
    private const int AtOnce = 12;

    [OciFact]
    public async Task Many_containers_live_at_once()
    {
        OciBundle[] boxes = Enumerable.Range(0, AtOnce).Select(_ => Idle()).ToArray();
        await Task.WhenAll(boxes.Select(async box =>
        {
            await Created(box);
            Assert.Equal("created", await Status(box.Id));
            (await Oci("start", box.Id)).Ok();
            Assert.Equal("oci", await Exec(box, "hostname"));
            (await Oci("kill", box.Id, "KILL")).Ok();
            await Becomes(box.Id, "stopped");
            (await Oci("delete", box.Id)).Ok();
            await Gone(box.Id);
        }));
    }

    [OciFact]
    public async Task One_of_many_creations_of_the_same_id_succeeds()
    {
        OciBundle box = Idle().Save();
        Result[] results = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(i =>
            OciRuntime.RunDetachedAsync($"{box.Folder}/out{i}", $"{box.Folder}/err{i}", ["--root", Fixture.Root, "create", "--bundle", box.Folder, box.Id])));
        Assert.Single(results, result => result.Code == 0);
        Assert.Equal("created", await Status(box.Id));
        (await Oci("start", box.Id)).Ok();
        Assert.Equal("running", await Status(box.Id));
    }

    [OciFact]
    public async Task One_of_many_starts_succeeds()
    {
        OciBundle box = await Created(Idle());
        Result[] results = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Oci("start", box.Id)));
        Assert.Single(results, result => result.Code == 0);
        Assert.Equal("running", await Status(box.Id));
    }

    [OciFact]
    public async Task Many_deletions_of_one_container()
    {
        OciBundle box = await Started(Idle());
        Result[] results = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Oci("delete", "--force", box.Id)));
        Assert.All(results, result => Assert.True(result.Code == 0 || !OciRuntime.IsTare, result.ToString()));
        await Gone(box.Id);
    }

    [OciFact]
    public async Task Many_further_processes_at_once()
    {
        OciBundle box = await Started(Idle());
        Result[] results = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(i => Oci("exec", box.Id, "sh", "-c", $"echo {i}; exit {i}")));
        for (int i = 0; i < AtOnce; i++)
            Assert.Equal($"{i}\n", results[i].Expect(i).Out);
    }

    [OciFact]
    public async Task A_list_beside_creations_and_deletions_never_fails()
    {
        using CancellationTokenSource ended = new();
        Task lists = Task.Run(async () =>
        {
            while (!ended.IsCancellationRequested)
            {
                Result result = (await Oci("list", "-f", "json")).Ok();
                _ = JsonNode.Parse(result.Out);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            OciBundle box = await Started(Bundle("true"));
            await Becomes(box.Id, "stopped");
            (await Oci("delete", box.Id)).Ok();
        }));
        await ended.CancelAsync();
        await lists;
    }

    /// <summary>The further into the creation the kill comes, the more there is to clean up; where exactly, chance decides.</summary>
    [OciTheory(Only = OciKinds.Tare, Because = "others leave what cannot be found again when they are killed at the wrong moment")]
    [InlineData("create")]
    [InlineData("run")]
    public async Task A_killed_creation_leaves_what_delete_removes(string verb)
    {
        for (int i = 0; i < 25; i++)
        {
            OciBundle box = Idle().Save();
            string[] options = verb == "run" ? ["run", "-d"] : ["create"];
            Task<Result> creation = OciRuntime.RunDetachedAsync(Path.Combine(box.Folder, "stdout"), Path.Combine(box.Folder, "stderr"), ["--root", Fixture.Root, .. options, "--bundle", box.Folder, box.Id]);
            // The shell that RunDetachedAsync starts becomes the runtime.
            int pid = 0;
            await Eventually.TrueAsync(() => (pid = Find(box.Id)) != 0 || creation.IsCompleted, () => "the runtime never ran");
            for (int spin = 0; spin < i * 2000; spin++)
                Thread.SpinWait(20);
            if (pid != 0)
                Processes.Signal(pid, Processes.SIGKILL);
            await creation;
            Result state = await Oci("state", box.Id);
            if (state.Code == 0)
                Assert.Contains((string)JsonNode.Parse(state.Out)!["status"]!, new[] { "creating", "created", "running", "stopped" });
            (await Oci("list")).Ok();
            (await Oci("delete", "--force", box.Id)).Ok();
            await Gone(box.Id);
            await Eventually.TrueAsync(() => !OciLeaks.Of(Fixture).Any(left => left.Contains(box.Folder, StringComparison.Ordinal) || left.StartsWith("process", StringComparison.Ordinal)),
                () => string.Join('\n', OciLeaks.Of(Fixture)));
            // The id can be used again.
            await Started(box);
            (await Oci("delete", "--force", box.Id)).Ok();
        }
    }

    [OciFact]
    public async Task A_killed_run_leaves_a_container_that_can_be_deleted()
    {
        OciBundle box = Idle().Save();
        using Running run = Start("run", "--bundle", box.Folder, box.Id);
        await Eventually.EqualAsync(true, async () => (await Oci("state", box.Id)).Out.Contains("running", StringComparison.Ordinal));
        run.Kill();
        Assert.Equal("running", await Status(box.Id));
        (await Oci("delete", "--force", box.Id)).Ok();
        await Gone(box.Id);
    }

    [OciFact]
    public async Task The_death_of_the_caller_does_not_end_a_created_container()
    {
        OciBundle box = await Created(Bundle("sh", "-c", "echo begun; sleep 1000"));
        Assert.Equal("created", await Status(box.Id));
        (await Oci("start", box.Id)).Ok();
        await Eventually.EqualAsync("begun", () => Task.FromResult(OutputOf(box)));
        Assert.Equal("running", await Status(box.Id));
    }

    private static int Find(string id) => Processes.All().FirstOrDefault(process =>
        process.Arguments.Length > 0 && process.Arguments[^1] == id && process.Arguments[0] == OciRuntime.Program)?.Pid ?? 0;
}

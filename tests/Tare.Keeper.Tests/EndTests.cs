using Tare.Linux;

namespace Tare.Keeper.Tests;

/// <summary>No keeper outlives those who need it, however they go.</summary>
public sealed class EndTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string root = Directory.CreateTempSubdirectory("tare-keeper-").FullName;

    private string ExecRoot => root + "/run";

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public async Task A_client_that_is_closed_while_it_looks_for_another_keeper_leaves_none()
    {
        var closed = new TaskCompletionSource<Task>();
        KeeperClient? client = null;
        client = await KeeperClient.ConnectAsync(
            KeeperFixture.ClientOptions(ExecRoot, notice =>
            {
                // Told on the thread that then starts the next one.
                if (notice.Contains("has ended", StringComparison.Ordinal)) closed.SetResult(client!.DisposeAsync().AsTask());
            }),
            CancellationToken.None);
        KeeperFixture.Kill(client.KeeperPid);
        await (await closed.Task.WaitAsync(Patience)).WaitAsync(Patience);
        await UntilAsync(() => !Directory.EnumerateFileSystemEntries(ExecRoot).Except([ExecRoot + "/keeper.log"]).Any());
    }

    [Fact]
    public async Task A_keeper_that_is_left_while_somebody_has_the_lock_ends_when_it_is_free()
    {
        Directory.CreateDirectory(ExecRoot);
        var options = KeeperFixture.ClientOptions(ExecRoot, notice: null);
        using var poller = new Poller();
        using var turn = RegularFiles.OpenLocked(ExecRoot + "/keeper.start.lock", wait: true)!;
        var (own, its) = SeqPacketSocket.Pair();
        using var nothing = RegularFiles.OpenNull();
        var pid = ProcessSpawn.TryStart(
            new SpawnRequest
            {
                Path = options.Executable,
                Arguments = ["dotnet", .. options.RoleArguments, "--exec-root", ExecRoot, "--connection-fd", "3"],
                Environment = [.. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}")],
                BlockedSignal = SignalMasks.ChildEnded,
            },
            [nothing, nothing, nothing, its],
            out _);
        its.Dispose();
        own.Dispose();
        using var process = PidFds.Open(pid);
        await UntilAsync(() => Directory.GetDirectories($"/proc/{pid}/task").Any(task => File.ReadAllText(task + "/comm").StartsWith("end of the keep", StringComparison.Ordinal)));
        Assert.Equal(Waiting.Outcome.Running, Waiting.Reap(process, out _));
        turn.Dispose();
        await poller.WaitReadableAsync(process, new CancellationTokenSource(Patience).Token);
        Assert.Equal(Waiting.Outcome.Reaped, Waiting.Reap(process, out var status));
        Assert.Equal(0, status.ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(ExecRoot));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!holds())
        {
            Assert.True(DateTime.UtcNow < deadline, "it did not come to that");
            await Task.Delay(5);
        }
    }
}

using Tare.Errors;
using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// Becomes another program without anybody noticing.
/// </summary>
/// <remarks>
/// 1. The state is written down on trial, and the new program, run as a child with <c>--check-handover</c>, says whether it can read it.
/// 2. The log writers are asked to stand still between two frames. Until they do, the loop goes on as ever; when one does not within
/// seconds, its disk is stalled, and the upgrade is refused.
/// 3. The state is written down for good; close-on-exec is cleared on what it names, and nothing else; execve(2).
/// 4. The new program sets close-on-exec again, builds its event loop afresh, sweeps up what ended meanwhile, and answers.
/// When a step fails, everything is as before.
/// </remarks>
internal sealed class Upgrade(KeeperState state, KeeperOptions options, Func<Handover> capture)
{
    private static readonly TimeSpan CheckTime = TimeSpan.FromSeconds(20);

    private bool underWay;

    /// <summary>Begins; answers the session only when it fails.</summary>
    public void Begin(Session session, ulong request, Fd? binary, Reaper reaper)
    {
        if (underWay)
        {
            binary?.Dispose();
            Requests.Refuse(session, request, ErrorKind.Conflict, "the keeper is being upgraded already");
            return;
        }
        underWay = true;
        var path = binary?.ProcPath ?? OwnPath();
        int pid, error;
        using (var memory = Descriptors.SealedMemory("tare-handover", capture().Write()))
        using (var nothing = RegularFiles.OpenNull())
        using (var errors = Descriptors.Duplicate(2))
        {
            var check = new SpawnRequest { Path = path, Arguments = ["tare", .. options.RoleArguments, "--exec-root", options.ExecRoot, "--check-handover", "--handover-fd", "3"], Environment = CurrentEnvironment() };
            pid = ProcessSpawn.TryStart(check, [nothing, nothing, errors, memory], out error);
        }
        if (pid < 0)
        {
            Fail(session, request, binary, $"the new keeper cannot be executed: {Errno.Describe(error)}");
            return;
        }
        var ended = false;
        reaper.Expect(pid, status =>
        {
            ended = true;
            if (status is { Code: 0, Signaled: false }) StandStill(session, request, binary, path);
            else Fail(session, request, binary, $"the new keeper cannot take over from this one (its check ended with {status.ExitCode}): the reason is in {options.ExecRoot}/keeper.log");
        });
        state.Loop.After(CheckTime, () =>
        {
            if (ended) return;
            using var check = PidFds.TryOpen(pid, out _);
            if (check is not null) PidFds.SendSignal(check, 9);
        });
    }

    private static string[] CurrentEnvironment() =>
        [.. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}")];

    /// <summary>The file that this program was started from; when it was replaced, the one that has its name now.</summary>
    private static string OwnPath()
    {
        const string Deleted = " (deleted)";
        var path = Environment.ProcessPath ?? "/proc/self/exe";
        return path.EndsWith(Deleted, StringComparison.Ordinal) ? path[..^Deleted.Length] : path;
    }

    /// <summary>
    /// Nothing that was read from a pipe and is not yet in its log may be lost, and execve(2) itself waits for every thread, also for
    /// one that the kernel keeps waiting for a disk: with a stalled log disk there is no upgrade.
    /// </summary>
    private void StandStill(Session session, ulong request, Fd? binary, string path) => state.Logs.Halt(
        halted: () =>
        {
            // What the writers had to report is done: no process is between its end and the record of it.
            var error = Become(session, request, path);
            state.Logs.GoOn();
            Fail(session, request, binary, error);
        },
        stalled: place => Fail(session, request, binary, $"the keeper goes on as it is: the disk of the log in \"{place}\" does not answer; upgrade it when it does", ErrorKind.Unavailable));

    /// <summary>Returns only when it fails, with the reason.</summary>
    private string Become(Session session, ulong request, string path)
    {
        try
        {
            var handover = capture() with { RequestSession = session.Id, Request = request };
            using var memory = Descriptors.SealedMemory("tare-handover", handover.Write());
            var kept = handover.Descriptors.Append(memory.Number).ToList();
            foreach (var number in kept) ProcessImage.SetCloseOnExec(number, false);
            string[] arguments = ["tare", .. options.RoleArguments, "--exec-root", options.ExecRoot, "--handover-fd", $"{memory.Number}"];
            var error = ProcessImage.Execute(path, arguments, CurrentEnvironment());
            foreach (var number in kept) ProcessImage.SetCloseOnExec(number, true);
            return $"the new keeper cannot be executed: {Errno.Describe(error)}";
        }
        catch (LinuxException error)
        {
            return error.Message;
        }
    }

    private void Fail(Session session, ulong request, Fd? binary, string message, ErrorKind kind = ErrorKind.Internal)
    {
        underWay = false;
        binary?.Dispose();
        Requests.Refuse(session, request, kind, message);
    }
}

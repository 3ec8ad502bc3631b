using System.Text;
using Tare.Errors;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Launching;

namespace Tare.Runtime.Containers;

/// <summary>Runs hooks (config.md, "POSIX-platform Hooks"). Each gets the container's state on its standard input.</summary>
internal sealed class HookRunner(Action<string> warn)
{
    private const int SIGKILL = 9;
    private const int LongestOutput = 64 << 10;

    /// <summary>Runs hooks in the runtime's namespaces, one after the other.</summary>
    /// <exception cref="TareException">One failed; those after it were not run.</exception>
    public static void Run(string kind, IReadOnlyList<HookSpec>? hooks, State state)
    {
        for (var i = 0; i < (hooks?.Count ?? 0); i++) RunOne(kind, i, hooks![i], state, Spawn);
    }

    /// <summary>As the other, but a failure is told and the rest are run.</summary>
    public void RunAll(string kind, IReadOnlyList<HookSpec>? hooks, State state)
    {
        for (var i = 0; i < (hooks?.Count ?? 0); i++)
        {
            try
            {
                RunOne(kind, i, hooks![i], state, Spawn);
            }
            catch (TareException e)
            {
                warn(e.Message);
            }
        }
    }

    /// <summary>Runs hooks in the namespaces of a container's process.</summary>
    /// <param name="kind">Which hooks.</param>
    /// <param name="hooks">The hooks.</param>
    /// <param name="state">The container's state.</param>
    /// <param name="target">A pidfd of its process.</param>
    /// <param name="namespaces">The namespaces to enter.</param>
    /// <param name="process">Whose ids and capabilities they run with; null: the runtime's own.</param>
    /// <param name="root">Their root; null: that of the mount namespace.</param>
    public static void RunInside(string kind, IReadOnlyList<HookSpec>? hooks, State state, Fd target, NamespaceKinds namespaces, ProcessSpec? process, Fd? root = null)
    {
        for (var i = 0; i < (hooks?.Count ?? 0); i++)
            RunOne(kind, i, hooks![i], state, (hook, stdio) => Launch(hook, stdio, target, namespaces, process, root));
    }

    private static void RunOne(string kind, int index, HookSpec hook, State state, Func<HookSpec, Fd[], int> start)
    {
        var name = $"{kind} hook #{index} ({hook.Path})";
        using var input = Descriptors.Memory("tare-hook-state");
        using var output = Descriptors.Memory("tare-hook-output");
        Descriptors.WriteAll(input, SpecWriter.WriteState(state));
        using var stdin = Paths.Open(input.ProcPath, OpenFlags.ReadOnly);
        var pid = start(hook, [stdin, output, output]);
        using var process = PidFds.Open(pid);
        var inTime = Polling.WaitReadable(process, hook.Timeout is > 0 and var seconds ? seconds * 1000 : -1);
        if (!inTime) PidFds.SendSignal(process, SIGKILL);
        var end = Waiting.WaitFor(pid);
        if (!inTime) throw TareException.Internal($"error running {name}: it did not end within its timeout of {hook.Timeout} s and was killed");
        if (end is { Code: 0, Signaled: false }) return;
        var said = ReadOutput(output);
        throw TareException.Internal($"error running {name}: {(end.Signaled ? $"killed by signal {end.Code}" : $"exit status {end.Code}")}{(said.Length > 0 ? ", output: " + said : "")}");
    }

    private static int Spawn(HookSpec hook, Fd[] stdio)
    {
        var pid = ProcessSpawn.TryStart(
            new SpawnRequest { Path = hook.Path, Arguments = Arguments(hook), Environment = hook.Env ?? OwnEnvironment() }, stdio, out var error);
        return pid > 0 ? pid : throw TareException.Internal($"cannot execute the hook {hook.Path}: {Errno.Describe(error)}");
    }

    private static int Launch(HookSpec hook, Fd[] stdio, Fd target, NamespaceKinds namespaces, ProcessSpec? process, Fd? root)
    {
        using var descriptors = new DescriptorList();
        var all = Capabilities.Known();
        var program = LaunchCompiler.CompileExec(new ExecInputs
        {
            Process = new ProcessSpec
            {
                Args = [hook.Path],
                Env = hook.Env ?? OwnEnvironment(),
                Cwd = "/",
                User = process?.User ?? new UserSpec(),
                Capabilities = process is null ? new LinuxCapabilities { Bounding = all, Effective = all, Permitted = all } : process.Capabilities,
                NoNewPrivileges = process?.NoNewPrivileges ?? false,
            },
            Target = descriptors.Add(target.Duplicate()),
            Root = root is null ? null : descriptors.Add(root.Duplicate()),
            CalledAs = Arguments(hook),
            Join = namespaces,
            SameSession = true,
        });
        using var session = LaunchSession.Start(program, descriptors, static listener => listener.Dispose(), stdio);
        while (session.Next() is { } record)
        {
            if (record.Kind != LaunchRecordKind.Failed) continue;
            session.Abort();
            throw TareException.Internal($"cannot run the hook {hook.Path}: cannot {program.Describe(record.Step)}: {Errno.Describe((int)record.Value)}");
        }
        return session.Pid;
    }

    private static IReadOnlyList<string> Arguments(HookSpec hook) => hook.Args is { Count: > 0 } given ? given : [hook.Path];

    private static List<string> OwnEnvironment()
    {
        var variables = new List<string>();
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables()) variables.Add($"{entry.Key}={entry.Value}");
        return variables;
    }

    private static string ReadOutput(Fd output)
    {
        var buffer = new byte[LongestOutput];
        var count = RegularFiles.ReadAt(output, buffer, 0);
        return Encoding.UTF8.GetString(buffer.AsSpan(0, count)).Trim().ReplaceLineEndings(" ");
    }
}

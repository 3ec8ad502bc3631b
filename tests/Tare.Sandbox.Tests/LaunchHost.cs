using Tare.Runtime.Launching;
using System.Buffers.Binary;
using System.Text;
using Tare.Linux;
using Tare.Runtime.Cgroups;

namespace Tare.Sandbox.Tests;

/// <summary>What became of a launch.</summary>
public sealed record LaunchResult(int ExitCode, string Output, string Errors, LaunchFailure? Failure);

/// <summary>
/// Plays the keeper for one launch: spawns the real launcher with a prepared program, collects output and exit. A root filesystem with
/// the distribution's static busybox is made for each instance.
/// </summary>
public sealed class LaunchHost : IDisposable
{
    private readonly string home = Directory.CreateTempSubdirectory("tare-sandbox-test-").FullName;
    private static readonly Poller Polling = new();

    private readonly List<CgroupHandle> cgroups = [];

    public LaunchHost()
    {
        Layer = Path.Combine(home, "layer");
        foreach (var name in (string[])["bin", "etc", "tmp", "upper", "work"]) Directory.CreateDirectory(Path.Combine(name is "upper" or "work" ? home : Layer, name));
        File.Copy("/bin/busybox", Path.Combine(Layer, "bin/busybox"));
        foreach (var applet in (string[])["sh", "cat", "id", "ls", "sleep", "true", "env", "hostname", "mount", "ps", "stty", "tty", "touch", "grep", "dd", "kill", "readlink", "test", "mknod", "chroot", "ifconfig", "wc", "mkdir", "stat"])
            File.CreateSymbolicLink(Path.Combine(Layer, "bin", applet), "busybox");
        File.WriteAllText(Path.Combine(Layer, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1001:Alice:/home/alice:/bin/sh\n");
        File.WriteAllText(Path.Combine(Layer, "etc/group"), "root:x:0:\nstaff:x:1001:\naudio:x:29:alice,bob\n");
    }

    public SandboxCompiler Compiler { get; } = new();

    public string Home => home;

    /// <summary>The parent of its containers' control groups, which must be empty at the end: each instance has its own.</summary>
    public string Parent { get; } = $"/tare-sandbox-test-{Guid.NewGuid():N}";

    public string Layer { get; }

    public ContainerOptions Options(params string[] args) => new()
    {
        Id = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32)),
        Args = args,
        Hostname = "box",
        CgroupParent = Parent,
        Root = new RootFilesystem { Layers = [Layer], Upper = Path.Combine(home, "upper"), Work = Path.Combine(home, "work") },
    };

    public LaunchResult Run(ContainerOptions options, string input = "")
    {
        using var running = Start(options);
        return running.Finish(input);
    }

    public RunningProcess Start(ContainerOptions options)
    {
        var prepared = Compiler.PrepareContainer(options);
        cgroups.Add(prepared.Cgroup);
        return Start(prepared, options.Terminal);
    }

    public RunningProcess StartExec(ExecOptions options, CgroupHandle cgroup) => Start(Compiler.PrepareExec(options, cgroup), options.Terminal);

    public void Dispose()
    {
        foreach (var cgroup in cgroups) cgroup.RemoveAsync(CancellationToken.None).GetAwaiter().GetResult();
        foreach (var hierarchy in CgroupLayout.Host.Hierarchies)
        {
            var parent = hierarchy.Path + Parent;
            if (Directory.Exists(parent)) Directory.Delete(parent);
        }
        Compiler.Dispose();
        Directory.Delete(home, recursive: true);
    }

    internal static int Wait(int pid)
    {
        using var process = PidFds.Open(pid);
        Polling.WaitReadableAsync(process, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Assert.Equal(Waiting.Outcome.Reaped, Waiting.Reap(process, out var status));
        return status.ExitCode;
    }

    private static RunningProcess Start(PreparedLaunch prepared, bool terminal)
    {
        using var launcher = Launcher.Load();
        using var nothing = Paths.Open("/dev/null", OpenFlags.ReadWrite);
        var (stdinRead, stdinWrite) = Descriptors.Pipe();
        var (stdoutRead, stdoutWrite) = Descriptors.Pipe();
        var (stderrRead, stderrWrite) = Descriptors.Pipe();
        var (status, theirs) = SeqPacketSocket.Pair();
        Fd[] descriptors = terminal
            ? [nothing, nothing, nothing, prepared.Program, theirs, .. prepared.Descriptors]
            : [stdinRead, stdoutWrite, stderrWrite, prepared.Program, theirs, .. prepared.Descriptors];
        var pid = ProcessSpawn.TryStart(new SpawnRequest { Path = launcher.ProcPath, Arguments = ["tare-launcher"] }, descriptors, out var error);
        Assert.True(pid > 0, Errno.Describe(error));
        foreach (var fd in (Fd[])[stdinRead, stdoutWrite, stderrWrite, theirs]) fd.Dispose();

        var (container, failure) = (0, default(LaunchFailure));
        Fd? master = null;
        var message = new byte[64];
        var received = new List<Fd>();
        while (SeqPacketSocket.Receive(status, message, received, wait: true) is var count and > 0)
        {
            Assert.Equal(16, count);
            var value = BinaryPrimitives.ReadInt64LittleEndian(message.AsSpan(8));
            switch (BinaryPrimitives.ReadUInt32LittleEndian(message))
            {
                case 1: container = (int)value; break;
                case 2: failure = prepared.Explain((int)BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(4)), (int)value); break;
                case 3: master = received[0]; break;
            }
        }
        status.Dispose();
        LaunchHost.Wait(pid);
        prepared.Dispose();
        return new RunningProcess(container, prepared.Cgroup, failure, stdinWrite, stdoutRead, stderrRead, master);
    }
}

/// <summary>A process that a launch started, or the failure of the launch.</summary>
public sealed class RunningProcess(int pid, CgroupHandle cgroup, LaunchFailure? failure, Fd stdin, Fd stdout, Fd stderr, Fd? master) : IDisposable
{
    public int Pid => pid;

    public CgroupHandle Cgroup => cgroup;

    public LaunchFailure? Failure => failure;

    public Fd? Master => master;

    public LaunchResult Finish(string input = "")
    {
        if (input.Length > 0) Descriptors.WriteAll(master ?? stdin, Encoding.UTF8.GetBytes(input));
        stdin.Dispose();
        var errors = Task.Run(() => ReadAll(stderr));
        var output = ReadAll(master ?? stdout);
        var code = pid > 0 ? LaunchHost.Wait(pid) : -1;
        return new LaunchResult(code, output, errors.Result, failure);
    }

    public string ReadUntil(string text)
    {
        var all = new StringBuilder();
        var buffer = new byte[4096];
        while (!all.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = Descriptors.TryRead(master ?? stdout, buffer, out _);
            Assert.True(count > 0, $"the output ended before \"{text}\": {all}");
            all.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
        return all.ToString();
    }

    public void Dispose()
    {
        foreach (var fd in (Fd?[])[stdin, stdout, stderr, master]) fd?.Dispose();
    }

    private static string ReadAll(Fd fd)
    {
        var all = new MemoryStream();
        var buffer = new byte[65536];
        while (Descriptors.TryRead(fd, buffer, out _) is var count and > 0) all.Write(buffer, 0, count);
        return Encoding.UTF8.GetString(all.ToArray());
    }
}

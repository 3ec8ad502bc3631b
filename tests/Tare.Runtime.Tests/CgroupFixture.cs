using System.Globalization;
using Tare.Linux;
using Tare.Oci.Runtime;
using Tare.Runtime.Cgroups;

namespace Tare.Runtime.Tests;

/// <summary>Names and processes for tests with control groups of this kernel, which are taken away again.</summary>
internal static class CgroupFixture
{
    private static int count;

    /// <summary>The v2 hierarchy: the main one, or the one beside version 1.</summary>
    public static string Unified { get; } = CgroupLayout.Host.IsUnified ? CgroupLayout.Host.Hierarchies[0].Path : CgroupLayout.Host.Hybrid!;

    /// <summary>A name that no other test, nor another run of the tests, has.</summary>
    public static string NewName() => string.Create(CultureInfo.InvariantCulture, $"tare-test-{Environment.ProcessId}-{Interlocked.Increment(ref count)}");

    /// <summary>The layout of the v2 hierarchy, with the controllers that it has here.</summary>
    public static CgroupLayout UnifiedLayout => new(true, [new CgroupHierarchy(Unified, File.ReadAllText(Unified + "/cgroup.controllers").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))]);

    /// <summary>A folder of plain files in place of a group, for controllers that this kernel does not have in v2. A file shows what was written last.</summary>
    public static string FakeGroup(params (string Name, string Content)[] files)
    {
        var folder = Directory.CreateTempSubdirectory("tare-test-").FullName;
        foreach (var (name, content) in files) File.WriteAllText(Path.Combine(folder, name), content);
        return folder;
    }

    public static Cgroup NewV1(LinuxResources? resources = null)
    {
        var name = NewName();
        return OciCgroup.Create(new OciCgroupRequest
        {
            Id = name,
            CgroupsPath = "/" + name,
            Resources = (resources ?? new LinuxResources()) with { Devices = OciDevices.WithDefaults([new LinuxDeviceCgroup { Allow = false, Access = "rwm" }]) },
        });
    }

    public static string Read(string? directory, string file) => File.ReadAllText(directory + "/" + file).Trim();
}

/// <summary>Removes control groups however a test ends; first of all, for what is in them is to be ended before it is waited for.</summary>
internal sealed class Removal(Cgroup cgroup) : IDisposable
{
    public void Dispose() => cgroup.Remove();
}

/// <summary>A process that sleeps in control groups, and is ended with this object.</summary>
internal sealed class Sleeper : IDisposable
{
    private readonly Fd process;

    /// <summary>Starts it in the groups, the way a launch does.</summary>
    public Sleeper(Cgroup cgroup, SubCgroups? within = null)
    {
        using var nothing = Paths.Open("/dev/null", OpenFlags.ReadWrite);
        var files = cgroup.OpenForJoining(within).ToList();
        using var unified = cgroup.OpenDirectory(within);
        if (unified is not null) files.Add(BytePaths.TryOpen(unified, "cgroup.procs"u8, OpenFlags.WriteOnly, 0, out _)!);
        var (ready, theirs) = Descriptors.Pipe();
        Fd[] descriptors = [nothing, nothing, theirs, .. files];
        var script = string.Concat(Enumerable.Range(3, files.Count).Select(number => $"printf 0 >&{number} && ")) + "printf . >&2 && exec sleep 1000 2>/dev/null";
        Pid = ProcessSpawn.TryStart(new SpawnRequest { Path = "/bin/bash", Arguments = ["bash", "-c", script], Environment = ["PATH=/usr/bin:/bin"] }, descriptors, out var error);
        Assert.True(Pid > 0, Errno.Describe(error));
        foreach (var file in files) file.Dispose();
        theirs.Dispose();
        process = PidFds.Open(Pid);
        var said = new byte[512];
        using (ready) Assert.Equal(".", System.Text.Encoding.UTF8.GetString(said, 0, Descriptors.Read(ready, said)));
    }

    public int Pid { get; }

    /// <summary>Whether it ends within some seconds; it is reaped then.</summary>
    public WaitStatus? Ended()
    {
        if (!Polling.WaitReadable(process, 10_000)) return null;
        return Waiting.Reap(process, out var status) == Waiting.Outcome.Reaped ? status : default(WaitStatus);
    }

    public string[] Groups() => File.ReadAllLines($"/proc/{Pid}/cgroup");

    public void Dispose()
    {
        PidFds.SendSignal(process, 9);
        Ended();
        process.Dispose();
    }
}

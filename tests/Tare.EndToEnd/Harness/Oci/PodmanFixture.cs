namespace Tare.EndToEnd.Harness.Oci;

/// <summary>A case in which podman drives the runtime; <c>scripts/need</c> sees to it that there is one.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PodmanFactAttribute : FactAttribute
{
    public PodmanFactAttribute() => Skip = Podman.Program is null ? "no podman on PATH" : null;
}

/// <summary>As <see cref="PodmanFactAttribute"/>, with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PodmanTheoryAttribute : TheoryAttribute
{
    public PodmanTheoryAttribute() => Skip = Podman.Program is null ? "no podman on PATH" : null;
}

/// <summary>
/// podman with the runtime under test, a store and configuration of its own, and an image of busybox. It needs nothing of the
/// system's configuration and changes nothing outside its folder.
/// </summary>
internal sealed class Podman
{
    public const string Image = "localhost/box";

    private readonly Dictionary<string, string> environment;
    private readonly IReadOnlyList<string> prefix;
    private readonly string program = Program!;

    /// <param name="folder">Where everything is. It is made.</param>
    /// <param name="runtime">The runtime's command line, words apart by blanks.</param>
    /// <param name="user">The number of the ordinary user that it runs as; null: whoever runs the tests.</param>
    public Podman(string folder, string runtime, int? user = null)
    {
        Folder = folder;
        foreach (string name in new[] { "", "home/.config/containers", "networks", "xdg" })
            Directory.CreateDirectory(Path.Combine(folder, name));
        File.SetUnixFileMode(Path.Combine(folder, "xdg"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(folder, "home/.config/containers/policy.json"), """{"default": [{"type": "insecureAcceptAnything"}]}""");
        // podman asks a runtime of this name for errors that it can read.
        string wrapper = Path.Combine(folder, "runc");
        File.WriteAllText(wrapper, $"#!/bin/sh\nexec {runtime} --root {State} \"$@\"\n");
        File.SetUnixFileMode(wrapper, (UnixFileMode)493);
        File.WriteAllText(Path.Combine(folder, "containers.conf"), $"""
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            runtime = "runc"
            [engine.runtimes]
            runc = ["{wrapper}"]
            [containers]
            log_driver = "k8s-file"
            default_ulimits = ["nofile={Lower("Max open files", 1024)}", "nproc={Lower("Max processes", 16384)}"]
            [network]
            network_config_dir = "{folder}/networks"
            """);
        File.WriteAllText(Path.Combine(folder, "storage.conf"), $"""
            [storage]
            driver = "vfs"
            graphroot = "{folder}/store"
            runroot = "{folder}/run"
            """);
        environment = new Dictionary<string, string>
        {
            ["HOME"] = Path.Combine(folder, "home"),
            ["CONTAINERS_CONF"] = Path.Combine(folder, "containers.conf"),
            ["CONTAINERS_STORAGE_CONF"] = Path.Combine(folder, "storage.conf"),
            ["PODMAN_IGNORE_CGROUPSV1_WARNING"] = "1",
        };
        if (user is { } id)
        {
            // It may lie where he has no right to look.
            program = Path.Combine(folder, "podman");
            File.Copy(Program!, program);
            environment["XDG_RUNTIME_DIR"] = Path.Combine(folder, "xdg");
            environment["USER"] = "";
            prefix = ["setpriv", $"--reuid={id}", $"--regid={id}", "--clear-groups", "--inh-caps=-all"];
            // Only his own are mapped to him: the rest of the folder is his as well.
            Running.RunAsync("chown", ["-R", $"{id}:{id}", folder]).GetAwaiter().GetResult().Ok();
        }
        else
        {
            prefix = [];
        }
    }

    public static string? Program { get; } = Setup.Find("podman");

    public string Folder { get; }

    /// <summary>The runtime's <c>--root</c>.</summary>
    public string State => Path.Combine(Folder, "state");

    public Task<Result> RunAsync(IEnumerable<string> arguments, byte[]? stdin = null)
    {
        string[] words = CommandLine(arguments);
        return Running.RunAsync(words[0], words[1..], stdin, environment, Folder);
    }

    public Terminal StartOnTerminal(ushort rows, ushort columns, IEnumerable<string> arguments)
    {
        string[] words = CommandLine(arguments);
        return Terminal.Start(words[0], words[1..], rows, columns, environment);
    }

    public async Task ImportAsync() => (await RunAsync(["import", "-q", "-", Image], BaseImage.BusyboxLayer)).Ok();

    private string[] CommandLine(IEnumerable<string> arguments) =>
        [.. prefix, program, "--log-level", "error", "--tmpdir", Path.Combine(Folder, "tmp"), .. arguments];

    /// <summary>A limit that whoever runs the tests may set: his own hard one, or a lower one.</summary>
    private static string Lower(string limit, long wanted)
    {
        string[] words = File.ReadLines("/proc/self/limits").First(line => line.StartsWith(limit, StringComparison.Ordinal))[limit.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long value = long.TryParse(words[1], out long hard) ? Math.Min(hard, wanted) : wanted;
        return $"{value}:{value}";
    }
}

/// <summary>What the cases share. At the end nothing may be left of any container.</summary>
public sealed class PodmanFixture : IAsyncLifetime
{
    private readonly string name = "tare-podman-" + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal);

    internal Podman Podman { get; private set; } = null!;

    /// <summary>The path of the control group above all.</summary>
    internal string CgroupParent => "/" + name;

    public async Task InitializeAsync()
    {
        if (Podman.Program is null)
            return;
        Podman = new Podman(Path.Combine(Path.GetTempPath(), name), string.Join(' ', OciRuntime.Words.Prepend(OciRuntime.Program)));
        await Podman.ImportAsync();
    }

    public async Task DisposeAsync()
    {
        if (Podman is null)
            return;
        string containers = (await Podman.RunAsync(["ps", "--all", "--quiet"])).Ok().Text;
        List<string> left = OciLeaks.Of(Podman.State, Podman.Folder, CgroupParent);
        // podman's own groups, for its monitors and pods, are not the runtime's: it leaves some of them.
        left.RemoveAll(line => line.StartsWith("cgroup ", StringComparison.Ordinal));
        foreach (string parent in OciLeaks.CgroupRoots().Select(root => root + CgroupParent).Where(Directory.Exists))
        {
            left.AddRange(Directory.EnumerateDirectories(parent, "libpod-*", SearchOption.AllDirectories).Select(path => "cgroup " + path));
            OciLeaks.RemoveEmpty(parent);
        }
        Assert.Equal("", containers);
        Assert.True(left.Count == 0, $"left behind:\n{string.Join('\n', left)}");
        Directory.Delete(Podman.Folder, recursive: true);
    }
}

using System.Text.Json.Nodes;

namespace Tare.EndToEnd.Harness.Oci;

/// <summary>Base of the cases about an OCI runtime: the runtime as a process, ids that are the case's own, and cleaning up.</summary>
[Collection(OciGroup.Name)]
public abstract class OciTests(OciFixture oci) : IAsyncLifetime
{
    private readonly string prefix = "t" + Guid.NewGuid().ToString("N")[..8];
    private readonly List<string> ids = [];

    internal OciFixture Fixture => oci;

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual async Task DisposeAsync()
    {
        foreach (string id in ids)
        {
            if (Directory.Exists(Path.Combine(oci.Root, id)))
                (await Oci("delete", "--force", id)).Ok();
            string bundle = Path.Combine(oci.Folder, "b-" + id);
            if (Directory.Exists(bundle))
                Directory.Delete(bundle, recursive: true);
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>A bundle of this case alone.</summary>
    internal OciBundle Bundle(params string[] arguments)
    {
        OciBundle bundle = new(oci, Id());
        return arguments.Length > 0 ? bundle.Args(arguments) : bundle;
    }

    /// <summary>A bundle whose program does nothing; it ends at once when told by SIGTERM.</summary>
    internal OciBundle Idle() => Bundle("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done");

    internal string Id()
    {
        string id = $"{prefix}-{ids.Count + 1}";
        ids.Add(id);
        return id;
    }

    /// <summary>Runs a verb that leaves no process behind.</summary>
    internal Task<Result> Oci(params string[] arguments) => OciRuntime.RunAsync(["--root", oci.Root, .. arguments]);

    internal Task<Result> OciWith(string stdin, params string[] arguments) =>
        OciRuntime.RunAsync(["--root", oci.Root, .. arguments], System.Text.Encoding.UTF8.GetBytes(stdin));

    internal Running Start(params string[] arguments) => OciRuntime.Start(["--root", oci.Root, .. arguments]);

    /// <summary>Runs a verb that leaves a process behind; that one's output is gathered in the bundle (<see cref="OutputOf"/>).</summary>
    internal Task<Result> Detached(OciBundle bundle, params string[] arguments) =>
        OciRuntime.RunDetachedAsync(Path.Combine(bundle.Folder, "stdout"), Path.Combine(bundle.Folder, "stderr"), ["--root", oci.Root, .. arguments]);

    /// <summary>What the processes of <see cref="Detached"/> have written so far.</summary>
    internal static string OutputOf(OciBundle bundle) => File.ReadAllText(Path.Combine(bundle.Folder, "stdout")).TrimEnd('\n');

    internal Task<Result> TryCreate(OciBundle bundle, params string[] options)
    {
        bundle.Save();
        return Detached(bundle, ["create", "--bundle", bundle.Folder, .. options, bundle.Id]);
    }

    internal async Task<OciBundle> Created(OciBundle bundle, params string[] options)
    {
        (await TryCreate(bundle, options)).Ok();
        return bundle;
    }

    internal async Task<OciBundle> Started(OciBundle bundle, params string[] options)
    {
        await Created(bundle, options);
        (await Oci("start", bundle.Id)).Ok();
        return bundle;
    }

    /// <summary>Runs a container to its end.</summary>
    internal Task<Result> Run(OciBundle bundle, params string[] options)
    {
        bundle.Save();
        return Oci(["run", "--bundle", bundle.Folder, .. options, bundle.Id]);
    }

    /// <summary>Runs a script in a container that must succeed, and returns its output without the last line end.</summary>
    internal async Task<string> Output(OciBundle bundle, string script) => (await Run(bundle.Sh(script))).Ok().Text;

    /// <summary>Runs a script as a further process; returns its output without the last line end.</summary>
    internal async Task<string> Exec(OciBundle bundle, string script) => (await Oci("exec", bundle.Id, "sh", "-c", script)).Ok().Text;

    internal async Task<JsonObject> State(string id) => (JsonObject)JsonNode.Parse((await Oci("state", id)).Ok().Out)!;

    internal async Task<string> Status(string id) => (string)(await State(id))["status"]!;

    internal async Task<int> Pid(string id) => (int)(await State(id))["pid"]!;

    internal Task Becomes(string id, string status) => Eventually.EqualAsync(status, () => Status(id));

    /// <summary>The directory of a container's group in the hierarchy of a controller of v1, or in the only one of v2.</summary>
    internal string Cgroup(string id, string controller)
    {
        string v1 = $"/sys/fs/cgroup/{controller}{oci.CgroupParent}/{id}";
        return Directory.Exists($"/sys/fs/cgroup/{controller}") ? v1 : $"/sys/fs/cgroup{oci.CgroupParent}/{id}";
    }

    /// <summary>Nothing at all is left of a container.</summary>
    internal async Task Gone(string id)
    {
        Assert.NotEqual(0, (await Oci("state", id)).Code);
        Assert.False(Directory.Exists(Path.Combine(oci.Root, id)), "its state directory is left");
        foreach (string root in OciLeaks.CgroupRoots())
            Assert.False(Directory.Exists($"{root}{oci.CgroupParent}/{id}"), $"its group in {root} is left");
    }

    /// <summary>
    /// A verb was refused with this exit code. Of Tare's own message more is asked: one line, in the log as on standard error, with the
    /// given words in it.
    /// </summary>
    internal static void Refused(Result result, int code, params string[] words)
    {
        result.Expect(code);
        Assert.True(result.Err.Trim().Length > 0, $"no message\n{result}");
        if (!OciRuntime.IsTare)
            return;
        string[] lines = result.Err.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains("level=warning", StringComparison.Ordinal)).ToArray();
        Assert.True(lines.Length == 1, $"the message is not one line\n{result}");
        foreach (string word in words)
            Assert.True(lines[0].Contains(word, StringComparison.Ordinal), $"the message does not speak of '{word}'\n{result}");
        Assert.DoesNotContain("has made a mistake", result.Err, StringComparison.Ordinal);
    }
}

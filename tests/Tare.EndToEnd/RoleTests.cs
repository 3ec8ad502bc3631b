using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>Called through a link named as another program, tare behaves as that program.</summary>
public sealed class RoleTests(EngineFixture engine) : EngineTests(engine)
{
    [TareTheory]
    [InlineData("docker", "", "ps -a")]
    [InlineData("docker", "", "run --help")]
    [InlineData("docker", "", "nosuchverb")]
    [InlineData("dockerd", "daemon", "--help")]
    [InlineData("docker-compose", "compose", "version")]
    [InlineData("docker-compose", "compose", "--help")]
    [InlineData("runc", "oci", "--help")]
    [InlineData("runc", "oci", "--version")]
    public async Task A_link_is_a_role(string link, string role, string arguments)
    {
        (string here, _) = Folder();
        string path = Path.Combine(here, link);
        File.CreateSymbolicLink(path, Setup.Tare);
        string[] words = arguments.Split(' ');
        Result linked = await Running.RunAsync(path, words, environment: Environment);
        Result named = await Running.RunAsync(Setup.Tare, role.Length > 0 ? [role, .. words] : words, environment: Environment);
        Assert.Equal(named.Code, linked.Code);
        Assert.Equal(Nameless(named, link), Nameless(linked, link));
    }

    /// <summary>The lines in which neither name stands: a program calls itself what it is called.</summary>
    private static string[] Nameless(Result result, string link) =>
        result.Lines.Where(line => !line.Contains("tare", StringComparison.OrdinalIgnoreCase) && !line.Contains(link, StringComparison.OrdinalIgnoreCase)).ToArray();

    [TareFact]
    public async Task A_link_named_docker_runs_containers_as_docker()
    {
        (string here, _) = Folder();
        string path = Path.Combine(here, "docker");
        File.CreateSymbolicLink(path, Setup.Tare);
        Assert.Equal("hello\n", (await Running.RunAsync(path, ["run", "--rm", "--network", "none", Image, "echo", "hello"], environment: Environment)).Ok().Out);
        Result refused = (await Running.RunAsync(path, ["run", "--rm", "--network", "none", Image, "nosuch"], environment: Environment)).Expect(127);
        Assert.StartsWith("docker: Error response from daemon: ", refused.Err, StringComparison.Ordinal);
    }

    [TareFact]
    public async Task A_daemon_that_cannot_listen_where_it_is_told_leaves_nothing()
    {
        (string here, _) = Folder();
        Result result = (await Running.RunAsync(Setup.Tare, ["daemon", "-H", "foo://x", "--data-root", here + "/data", "--exec-root", here + "/run"])).Expect(1);
        Assert.Equal("invalid bind address (foo://x): unsupported proto 'foo'\n", result.Err);
        Assert.Empty(Directory.EnumerateFileSystemEntries(here));
    }

    [TareFact]
    public async Task A_link_named_dockerd_is_the_daemon()
    {
        (string here, _) = Folder();
        string path = Path.Combine(here, "dockerd");
        File.CreateSymbolicLink(path, Setup.Tare);
        string socket = Path.Combine(here, "d.sock");
        using Running daemon = Running.Start(path, ["-H", "unix://" + socket, "--data-root", here + "/data", "--exec-root", here + "/run", "--pidfile", here + "/pid"]);
        using EngineApi api = new(socket);
        await Eventually.EqualAsync(true, api.AnswersAsync);
        Assert.Equal(daemon.Pid.ToString(), (await File.ReadAllTextAsync(here + "/pid")).Trim());
        Processes.Signal(daemon.Pid, Processes.SIGTERM);
        (await daemon.EndAsync()).Ok();
        Assert.False(File.Exists(socket));
        Assert.False(File.Exists(here + "/pid"));
        await Eventually.TrueAsync(() => !Processes.All().Any(p => p.Arguments.Any(a => a.Contains(here, StringComparison.Ordinal))), () => "a process of that daemon stays");
    }
}

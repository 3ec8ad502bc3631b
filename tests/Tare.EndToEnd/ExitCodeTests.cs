using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>The exit code of the process is the exit code of the client; 125, 126 and 127 where Docker gives them.</summary>
public sealed class ExitCodeTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, ClientsWith(0), ClientsWith(1), ClientsWith(3), ClientsWith(125), ClientsWith(255)]
    public async Task Run_ends_with_the_exit_code_of_the_process(string client, int code) =>
        (await Run(client, "run", "--rm", "--network", "none", Image, "sh", "-c", $"exit {code}")).Expect(code);

    [Theory, ClientsWith("KILL", 137), ClientsWith("SEGV", 139)]
    public async Task Death_by_a_signal_is_128_plus_its_number(string client, string signal, int code) =>
        (await Run(client, "run", "--rm", "--network", "none", Image, "sh", "-c", $"sh -c 'kill -{signal} $$'; exit $?")).Expect(code);

    [Theory, Clients]
    public async Task A_container_that_is_killed_reports_137(string client)
    {
        string name = Name();
        using Running run = Start(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "echo up; sleep 1000");
        await run.SeeAsync("up");
        await Ok(client, "kill", name);
        (await run.EndAsync()).Expect(137);
        Assert.Equal("137", await Ok(client, "inspect", "-f", "{{.State.ExitCode}}", name));
    }

    [Theory]
    [ClientsWith("nosuch", "exec: \"nosuch\": executable file not found in $PATH", 127)]
    [ClientsWith("/nosuch", "exec: \"/nosuch\": stat /nosuch: no such file or directory", 127)]
    [ClientsWith("/etc/passwd", "exec: \"/etc/passwd\": permission denied", 126)]
    [ClientsWith("/etc", "exec: \"/etc\": is a directory", 126)]
    public async Task A_command_that_cannot_run_is_127_or_126_and_says_why(string client, string command, string error, int code)
    {
        Result result = (await Run(client, "run", "--rm", "--network", "none", Image, command)).Expect(code);
        Assert.Equal("", result.Out);
        Assert.Contains(client + ": Error response from daemon: ", result.Err, StringComparison.Ordinal);
        Assert.Contains(error, result.Err, StringComparison.Ordinal);
    }

    [Theory]
    [ClientsWith("nosuch", "exec: \"nosuch\": executable file not found in $PATH", 127)]
    [ClientsWith("/etc/passwd", "exec: \"/etc/passwd\": permission denied", 126)]
    public async Task Exec_of_a_command_that_cannot_run_is_127_or_126(string client, string command, string error, int code)
    {
        string name = await Idle(client);
        Result result = (await Run(client, "exec", name, command)).Expect(code);
        Assert.Contains(error, result.Out + result.Err, StringComparison.Ordinal);
    }

    [Theory]
    [ClientsWith("--nosuchflag")]
    [ClientsWith("--memory=much")]
    [ClientsWith("--network=container:")]
    public async Task Run_with_a_bad_option_is_125(string client, string option) =>
        (await Run(client, "run", "--rm", option, Image, "true")).Expect(125);

    [Theory]
    [ClientsWith("-w", "etc", "the working directory 'etc' is invalid, it needs to be an absolute path")]
    [ClientsWith("-u", "nobody", "unable to find user nobody: no matching entries in passwd file")]
    [ClientsWith("--memory", "1k", "Minimum memory limit allowed is 6MB")]
    public async Task What_the_daemon_refuses_is_125(string client, string option, string value, string error)
    {
        Result result = (await Run(client, "run", "--rm", "--network", "none", option, value, Image, "true")).Expect(125);
        Assert.Equal($"{client}: Error response from daemon: {error}", result.Err.Split('\n')[0]);
    }

    /// <summary>A client takes "not found" at create for a missing image, which it would pull.</summary>
    [Theory]
    [ClientsWith("--network", "nosuch", "failed to set up container networking: network nosuch not found")]
    [ClientsWith("--volumes-from", "nosuch", "No such container: nosuch")]
    public async Task What_is_not_there_is_not_taken_for_the_image(string client, string option, string value, string error)
    {
        Result result = (await Run(client, "run", "--rm", option, value, Image, "true")).Expect(125);
        Assert.Equal($"{client}: Error response from daemon: {error}", result.Err.Split('\n')[0]);
    }

    [TareFact]
    public async Task Output_that_cannot_be_written_is_an_error_and_no_crash()
    {
        Result result = (await Running.RunAsync("sh", ["-c", "exec \"$0\" ps >/dev/full", Setup.Tare], environment: Environment)).Expect(1);
        Assert.Equal("write standard output: no space left on device (ENOSPC)\n", result.Err);
    }

    [Theory, Clients]
    public async Task A_container_that_could_not_start_stays_created_with_its_code(string client)
    {
        string name = Name();
        (await Run(client, "run", "--name", name, "--network", "none", Image, "nosuch")).Expect(127);
        Assert.Equal("created 127", await Ok(client, "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name));
    }

    [Theory, Clients]
    public async Task Start_attached_ends_with_the_exit_code(string client)
    {
        string name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", Image, "sh", "-c", "echo out; echo err >&2; exit 5");
        Result result = (await Run(client, "start", "-a", name)).Expect(5);
        Assert.Equal("out\n", result.Out);
        Assert.Equal("err\n", result.Err);
    }

    [Theory, Clients]
    public async Task Exec_ends_with_the_exit_code(string client)
    {
        string name = await Idle(client);
        (await Run(client, "exec", name, "sh", "-c", "exit 7")).Expect(7);
        (await Run(client, "exec", name, "sh", "-c", "kill -9 $$")).Expect(137);
    }

    [Theory]
    [ClientsWith("start", "Error response from daemon: No such container: nosuch\nError: failed to start containers: nosuch\n")]
    [ClientsWith("stop", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("wait", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("logs", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("rm", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("pause", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("unpause", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("restart", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("top", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("attach", "Error response from daemon: No such container: nosuch\n")]
    [ClientsWith("kill", "Error response from daemon: cannot kill container: nosuch: No such container: nosuch\n")]
    [ClientsWith("inspect", "No such object: nosuch\n")]
    public async Task A_container_that_is_not_there_is_1_and_named(string client, string verb, string error)
    {
        Result result = (await Run(client, verb, "nosuch")).Expect(1);
        Assert.EndsWith(error, result.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Exec_in_a_container_that_is_not_running_is_1(string client)
    {
        string name = Name();
        string id = await Ok(client, "create", "--name", name, "--network", "none", Image, "true");
        Result result = (await Run(client, "exec", name, "true")).Expect(1);
        Assert.Equal($"Error response from daemon: container {id} is not running\n", result.Err);
    }

    [Theory, ClientsWith("nosuchverb"), ClientsWith("--nosuchflag")]
    public async Task Nonsense_after_the_program_is_not_zero(string client, string argument) =>
        Assert.NotEqual(0, (await Run(client, argument)).Code);
}

using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>attach, and start with -a and -i.</summary>
public sealed class AttachTests(EngineFixture engine) : EngineTests(engine)
{
    [Theory, Clients]
    public async Task Attach_shows_what_comes_from_now_on_and_ends_with_the_code(string client)
    {
        string name = Name();
        await Ok(client, "run", "-di", "--name", name, "--network", "none", Image, "sh", "-c", "echo before; read line; echo after $line; exit 6");
        await Eventually.EqualAsync("before", () => Ok(client, "logs", name));
        using Running attach = Start(client, "attach", name);
        await attach.WriteAsync("x\n");
        Result result = (await attach.EndAsync()).Expect(6);
        Assert.Equal("after x\n", result.Out);
    }

    [Theory, Clients]
    public async Task Two_clients_see_the_same(string client)
    {
        string name = Name();
        await Ok(client, "run", "-di", "--name", name, "--network", "none", Image, "sh", "-c", "while read line; do echo \"<$line>\"; echo \"!$line\" >&2; done");
        using Running one = Start(client, "attach", name);
        using Running two = Start(client, "attach", name);
        // Each line asks whether both are there yet.
        await Eventually.TrueAsync(() =>
        {
            one.WriteAsync("hello\n").GetAwaiter().GetResult();
            return one.Out.Contains("<hello>", StringComparison.Ordinal) && two.Out.Contains("<hello>", StringComparison.Ordinal);
        }, () => $"one: {one.Out} two: {two.Out}");
        await two.WriteAsync("last\n");
        await one.SeeAsync("<last>");
        await two.SeeAsync("!last");
    }

    [Theory, Clients]
    public async Task End_of_input_at_attach_reaches_the_process(string client)
    {
        string name = Name();
        await Ok(client, "create", "-i", "--name", name, "--network", "none", Image, "sh", "-c", "cat; echo end");
        await Ok(client, "start", name);
        Result result = (await RunWith(client, "data\n"u8.ToArray(), "attach", name)).Ok();
        Assert.Equal("data\nend\n", result.Out);
    }

    [Theory, Clients]
    public async Task End_of_input_leaves_a_detached_container_reading(string client)
    {
        string name = Name();
        await Ok(client, "run", "-di", "--name", name, "--network", "none", Image, "sh", "-c", "while read line; do echo \"<$line>\"; test $line != quit || exit 3; done; echo end");
        using Running first = Start(client, "attach", name);
        await first.WriteAsync("one\n");
        await first.SeeAsync("<one>");
        first.CloseStdin();
        using Running second = Start(client, "attach", name);
        await second.WriteAsync("two\n");
        await second.SeeAsync("<two>");
        await second.WriteAsync("quit\n");
        (await second.EndAsync()).Expect(3);
        (await first.EndAsync()).Expect(3);
    }

    [Theory, Clients]
    public async Task No_stdin_leaves_the_input_alone(string client)
    {
        string name = Name();
        await Ok(client, "create", "-i", "--name", name, "--network", "none", Image, "sh", "-c", "echo up; cat; echo end");
        await Ok(client, "start", name);
        using Running attach = Start(client, "attach", "--no-stdin", name);
        attach.CloseStdin();
        using Running other = Start(client, "attach", name);
        // Output from before the attaching is not shown, so it is typed until it shows.
        await Eventually.TrueAsync(() =>
        {
            other.WriteAsync("typed\n").GetAwaiter().GetResult();
            return attach.Out.Contains("typed\n", StringComparison.Ordinal);
        }, () => attach.Err);
        other.CloseStdin();
        Assert.EndsWith("typed\nend\n", (await attach.EndAsync()).Ok().Out, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Start_with_a_and_i_talks_to_it(string client)
    {
        string name = Name();
        await Ok(client, "create", "-i", "--name", name, "--network", "none", Image, "sh", "-c", "read line; echo \"<$line>\"; exit 2");
        Result result = (await RunWith(client, "hello\n"u8.ToArray(), "start", "-ai", name)).Expect(2);
        Assert.Equal("<hello>\n", result.Out);
    }

    [Theory, Clients]
    public async Task Signals_to_the_client_reach_the_process(string client)
    {
        string name = Name();
        using Running run = Start(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "trap 'echo asked; exit 8' TERM; echo up; while :; do sleep 1000 & wait $!; done");
        await run.SeeAsync("up");
        Processes.Signal(run.Pid, Processes.SIGTERM);
        Result result = await run.EndAsync();
        Assert.Equal("up\nasked\n", result.Out);
        result.Expect(8);
    }

    /// <summary>A first process without a handler takes no signal: the client must be able to leave it.</summary>
    [Theory, Clients]
    public async Task The_third_signal_ends_the_client_alone(string client)
    {
        if (OldClient.Is(client)) return; // it passes every signal on, for ever
        string name = Name();
        using Running run = Start(client, "run", "--name", name, "--network", "none", Image, "sh", "-c", "trap 'echo asked' TERM; echo up; while :; do sleep 1000 & wait $!; done");
        await run.SeeAsync("up");
        Processes.Signal(run.Pid, Processes.SIGTERM);
        await run.SeeAsync("asked\n");
        Processes.Signal(run.Pid, Processes.SIGTERM);
        await run.SeeAsync("asked\nasked\n");
        Processes.Signal(run.Pid, Processes.SIGTERM);
        Result result = (await run.EndAsync()).Expect(1);
        Assert.Equal("\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n", result.Err);
        Assert.Equal("true", await Ok(client, "inspect", "-f", "{{.State.Running}}", name));
    }

    [Theory, Clients]
    public async Task A_container_that_does_not_run_cannot_be_attached(string client)
    {
        string name = Name();
        await Ok(client, "create", "--name", name, "--network", "none", Image);
        Result result = (await Run(client, "attach", name)).Expect(1);
        Assert.Contains("cannot attach to a stopped container, start it first", result.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task Only_the_streams_that_are_asked_for(string client)
    {
        Result result = (await Run(client, "run", "--rm", "-a", "stderr", "--network", "none", Image, "sh", "-c", "echo out; echo err >&2")).Ok();
        Assert.Equal("", result.Out);
        Assert.Equal("err\n", result.Err);
    }
}

using System.Diagnostics;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>-t gives a real terminal, with its size, resizing and detach keys. The client sits on a terminal of its own here.</summary>
public sealed class TerminalTests(EngineFixture engine) : EngineTests(engine)
{
    private const string DetachKeys = "\u0010\u0011";

    [Theory, Clients]
    public async Task The_process_has_a_terminal(string client)
    {
        using Terminal terminal = OnTerminal(client, "run", "--rm", "-it", "--network", "none", Image, "sh", "-c", "tty; test -t 0 && test -t 1 && test -t 2 && echo real; echo $TERM; exit 4");
        Assert.Equal(4, await terminal.EndAsync());
        Assert.Equal("/dev/pts/0\r\nreal\r\nxterm\r\n", terminal.Screen);
    }

    [Theory, Clients]
    public async Task T_without_i_gives_a_terminal_for_output(string client)
    {
        Result result = (await Run(client, "run", "--rm", "-t", "--network", "none", Image, "sh", "-c", "test -t 1 && echo tty; echo err >&2")).Ok();
        Assert.Equal("tty\r\nerr\r\n", result.Out);
    }

    [Theory, Clients]
    public async Task It_needs_a_terminal_to_give_one(string client)
    {
        Result result = await Run(client, "run", "--rm", "-it", "--network", "none", Image, "true");
        Assert.NotEqual(0, result.Code);
        Assert.Contains("the input device is not a TTY", result.Err, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task What_is_typed_is_echoed_and_read(string client)
    {
        using Terminal terminal = OnTerminal(client, "run", "--rm", "-it", "--network", "none", Image, "sh", "-c", "echo ready; read line; echo \"<$line>\"");
        await terminal.SeeAsync("ready");
        terminal.Type("hello\r");
        Assert.Equal(0, await terminal.EndAsync());
        Assert.Contains("hello\r\n<hello>\r\n", terminal.Screen, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task The_size_is_the_clients_and_follows_it(string client)
    {
        using Terminal terminal = OnTerminal(client, 31, 97, "run", "--rm", "-it", "--network", "none", Image, "sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; stty size; done");
        await terminal.SeeAsync("31 97");
        terminal.Resize(40, 120);
        await terminal.SeeAsync("40 120");
        terminal.Type("\u0003");
        await terminal.EndAsync();
    }

    [Theory, Clients]
    public async Task An_interrupt_reaches_the_process(string client)
    {
        using Terminal terminal = OnTerminal(client, "run", "--rm", "-it", "--network", "none", Image, "sh", "-c", "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done");
        await terminal.SeeAsync("ready");
        terminal.Type("\u0003");
        Assert.Equal(9, await terminal.EndAsync());
        Assert.Contains("caught", terminal.Screen, StringComparison.Ordinal);
    }

    [Theory, Clients]
    public async Task An_interactive_shell(string client)
    {
        using Terminal terminal = OnTerminal(client, "run", "--rm", "-it", "--network", "none", "--hostname", "box", Image);
        await terminal.SeeAsync("/ # ");
        terminal.Type("echo $((6*7))\r");
        await terminal.SeeAsync("\r\n42\r\n");
        terminal.Type("exit 12\r");
        Assert.Equal(12, await terminal.EndAsync());
    }

    [Theory, Clients]
    public async Task Detach_keys_leave_it_running_and_attach_comes_back(string client)
    {
        string name = Name();
        using (Terminal terminal = OnTerminal(client, "run", "-it", "--name", name, "--network", "none", Image, "sh", "-c", "echo ready; while read line; do echo \"<$line>\"; done"))
        {
            await terminal.SeeAsync("ready");
            terminal.Type(DetachKeys);
            Assert.Equal(0, await terminal.EndAsync());
        }
        Assert.Equal("running", await Api.StatusAsync(name));
        using Terminal again = OnTerminal(client, "attach", name);
        // Typing into a terminal that is not attached yet would be lost with the client's own echo, so ask until it answers.
        await AskUntilAnswered(again, "one", "<one>");
        again.Type("\u0004");
        Assert.Equal(0, await again.EndAsync());
        Assert.Equal("exited", await Api.StatusAsync(name));
    }

    [Theory, Clients]
    public async Task Other_detach_keys_can_be_chosen(string client)
    {
        string name = Name();
        await Ok(client, "run", "-dit", "--name", name, "--network", "none", Image, "sh", "-c", "while read line; do echo \"<$line>\"; done");
        using Terminal terminal = OnTerminal(client, "attach", "--detach-keys", "ctrl-x,y", name);
        await AskUntilAnswered(terminal, DetachKeys, "<");
        terminal.Type("\u0018");
        terminal.Type("y");
        // The stock client of attach reports the detaching as an error.
        Assert.InRange(await terminal.EndAsync(), 0, 1);
        Assert.Equal("running", await Api.StatusAsync(name));
    }

    [Theory, Clients]
    public async Task Exec_on_a_terminal(string client)
    {
        string name = await Idle(client);
        using Terminal terminal = OnTerminal(client, 22, 77, "exec", "-it", name, "sh");
        await terminal.SeeAsync("/ # ");
        await SizeAsync(terminal, "22 77");
        terminal.Resize(33, 88);
        await SizeAsync(terminal, "33 88");
        terminal.Type("exit 5\r");
        Assert.Equal(5, await terminal.EndAsync());
    }

    [Theory, Clients]
    public async Task Exec_on_a_terminal_can_be_detached_from(string client)
    {
        string name = await Idle(client);
        using Terminal terminal = OnTerminal(client, "exec", "-it", name, "sh", "-c", "echo ready; read line; echo $line > /answer");
        await terminal.SeeAsync("ready");
        terminal.Type(DetachKeys);
        await terminal.EndAsync();
        Assert.Contains("ready", terminal.Screen, StringComparison.Ordinal);
        Assert.Equal("running", await Api.StatusAsync(name));
    }

    [Theory, Clients]
    public async Task Much_output_on_a_terminal_is_whole(string client)
    {
        Result result = (await Run(client, "run", "--rm", "-t", "--network", "none", Image, "seq", "50000")).Ok();
        string expected = string.Concat(Enumerable.Range(1, 50000).Select(i => $"{i}\r\n"));
        Assert.True(expected == result.Out, $"{result.Out.Length} of {expected.Length} characters");
    }

    [Theory, Clients]
    public async Task Logs_of_a_terminal_are_its_output(string client)
    {
        string name = Name();
        await Ok(client, "run", "-t", "--name", name, "--network", "none", Image, "sh", "-c", "echo out; echo err >&2");
        Assert.Equal("out\r\nerr\r\n", (await Run(client, "logs", name)).Ok().Out);
    }

    /// <summary>A resize travels beside the stream, so the shell is asked until its size is the new one.</summary>
    private static async Task SizeAsync(Terminal terminal, string size)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!terminal.Screen.Contains(size, StringComparison.Ordinal))
        {
            Assert.True(watch.Elapsed < Eventually.Limit, $"never {size}:\n{terminal.Screen}");
            terminal.Type("stty size\r");
            await Task.Delay(100);
        }
    }

    private static async Task AskUntilAnswered(Terminal terminal, string line, string answer)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!terminal.Screen.Contains(answer, StringComparison.Ordinal))
        {
            Assert.True(watch.Elapsed < Eventually.Limit, $"no answer {answer}:\n{terminal.Screen}");
            terminal.Type(line + "\r");
            await Task.Delay(100);
        }
    }
}

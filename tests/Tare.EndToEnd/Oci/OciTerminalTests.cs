using System.Diagnostics;
using Tare.EndToEnd.Harness;
using Tare.EndToEnd.Harness.Oci;

namespace Tare.EndToEnd.Oci;

/// <summary>Terminals: handed over by a console socket, or joined with the user's own.</summary>
public sealed class OciTerminalTests(OciFixture oci) : OciTests(oci)
{
    private const string Facts = "tty; stty size; ls -l /dev/console | cut -c1; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; echo done";

    [OciFact(Crun = "nothing is said with the descriptor")]
    public async Task Create_hands_the_terminal_over()
    {
        OciBundle box = Bundle("sh", "-c", Facts).Set("process.terminal", true).Set("process.consoleSize", new System.Text.Json.Nodes.JsonObject { ["height"] = 11, ["width"] = 222 });
        using ConsoleReceiver receiver = new(Path.Combine(box.Folder, "console.sock"));
        await Created(box, "--console-socket", receiver.Path);
        Assert.Contains("ptmx", await receiver.AcceptAsync(), StringComparison.Ordinal);
        (await Oci("start", box.Id)).Ok();
        await receiver.SeeAsync("done");
        Assert.Equal(["/dev/pts/0", "11 222", "c", "all", "done"], receiver.Screen.Split("\r\n", StringSplitOptions.RemoveEmptyEntries));
        await Becomes(box.Id, "stopped");
    }

    /// <summary>buildah sets the size when it has the terminal, and by then the program may have asked for it.</summary>
    [OciTheory(Only = OciKinds.Tare, Because = "the others leave the size to whoever gets the terminal")]
    [InlineData(false, "21 87")]
    [InlineData(true, "11 222")]
    public async Task A_terminal_that_is_handed_over_has_the_size_of_the_callers_when_none_is_said(bool said, string size)
    {
        OciBundle box = Bundle("sh", "-c", "stty size; echo done").Set("process.terminal", true);
        if (said)
            box.Set("process.consoleSize", new System.Text.Json.Nodes.JsonObject { ["height"] = 11, ["width"] = 222 });
        box.Save();
        using ConsoleReceiver receiver = new(Path.Combine(box.Folder, "console.sock"));
        using Terminal terminal = OnTerminal(21, 87, "create", "--console-socket", receiver.Path, "--bundle", box.Folder, box.Id);
        await receiver.AcceptAsync();
        Assert.Equal(0, await terminal.EndAsync());
        (await Oci("start", box.Id)).Ok();
        await receiver.SeeAsync("done");
        Assert.StartsWith(size, receiver.Screen, StringComparison.Ordinal);
        await Becomes(box.Id, "stopped");
    }

    [OciFact]
    public async Task What_is_typed_arrives()
    {
        OciBundle box = Bundle("sh", "-c", "echo ready; read line; echo got $line").Set("process.terminal", true).Save();
        using ConsoleReceiver receiver = new(Path.Combine(box.Folder, "console.sock"));
        (await Detached(box, "run", "-d", "--console-socket", receiver.Path, "--bundle", box.Folder, box.Id)).Ok();
        await receiver.AcceptAsync();
        await receiver.SeeAsync("ready");
        receiver.Type("words\n");
        await receiver.SeeAsync("got words");
    }

    [OciFact]
    public async Task The_end_of_the_terminal_hangs_up()
    {
        OciBundle box = Bundle("sh", "-c", "trap 'exit 0' HUP; echo ready; while :; do sleep 0.05; done").Set("process.terminal", true).Save();
        ConsoleReceiver receiver = new(Path.Combine(box.Folder, "console.sock"));
        using (receiver)
        {
            (await Detached(box, "run", "-d", "--console-socket", receiver.Path, "--bundle", box.Folder, box.Id)).Ok();
            await receiver.AcceptAsync();
            await receiver.SeeAsync("ready");
        }
        await Becomes(box.Id, "stopped");
    }

    [OciFact]
    public async Task Exec_hands_a_terminal_over()
    {
        OciBundle box = await Started(Idle());
        using ConsoleReceiver receiver = new(Path.Combine(box.Folder, "exec.sock"));
        (await Detached(box, "exec", "-d", "--tty", "--console-socket", receiver.Path, box.Id, "sh", "-c", "tty; echo done")).Ok();
        await receiver.AcceptAsync();
        await receiver.SeeAsync("done");
        Assert.StartsWith("/dev/pts/0", receiver.Screen, StringComparison.Ordinal);
    }

    [OciFact(Crun = "the size comes after the program has begun")]
    public async Task A_run_in_front_joins_the_users_terminal()
    {
        OciBundle box = Bundle("sh", "-c", "echo ready; stty size; read line; echo got $line; exit 7").Set("process.terminal", true).Save();
        using Terminal terminal = OnTerminal(21, 87, "run", "--bundle", box.Folder, box.Id);
        await terminal.SeeAsync("21 87");
        terminal.Type("words\r");
        await terminal.SeeAsync("got words");
        Assert.Equal(7, await terminal.EndAsync());
        await Gone(box.Id);
    }

    [OciFact]
    public async Task Its_size_follows_the_users()
    {
        OciBundle box = Bundle("sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done").Set("process.terminal", true).Save();
        using Terminal terminal = OnTerminal(21, 87, "run", "--bundle", box.Folder, box.Id);
        await terminal.SeeAsync("ready");
        terminal.Resize(33, 99);
        await terminal.SeeAsync("33 99");
        (await Oci("kill", box.Id, "KILL")).Ok();
        Assert.Equal(137, await terminal.EndAsync());
    }

    [OciFact]
    public async Task Keys_that_interrupt_reach_the_container()
    {
        OciBundle box = Bundle("sh", "-c", "trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.05; done").Set("process.terminal", true).Save();
        using Terminal terminal = OnTerminal(21, 87, "run", "--bundle", box.Folder, box.Id);
        await terminal.SeeAsync("ready");
        terminal.Type("\x03");
        await terminal.SeeAsync("interrupted");
        Assert.Equal(9, await terminal.EndAsync());
    }

    [OciFact]
    public async Task Exec_joins_the_users_terminal()
    {
        OciBundle box = await Started(Idle());
        using Terminal terminal = OnTerminal(21, 87, "exec", "-t", box.Id, "sh", "-c", "tty; stty size; read line; echo got $line; exit 3");
        await terminal.SeeAsync("21 87");
        terminal.Type("words\r");
        await terminal.SeeAsync("got words");
        Assert.Equal(3, await terminal.EndAsync());
    }

    [OciFact]
    public async Task An_end_in_the_middle_restores_the_users_terminal()
    {
        OciBundle box = Bundle("sh", "-c", "echo ready; sleep 1000").Set("process.terminal", true).Save();
        string command = string.Join(' ', new[] { OciRuntime.Program }.Concat(OciRuntime.Words).Concat(["--root", Fixture.Root, "run", "--bundle", box.Folder, box.Id]));
        using Terminal terminal = Terminal.Start("/bin/sh", ["-c", $"stty -a | grep -o -- '-*icanon' ; {command}; stty -a | grep -o -- '-*icanon'; echo end"], 20, 80);
        await terminal.SeeAsync("ready");
        (await Oci("kill", box.Id, "KILL")).Ok();
        await terminal.SeeAsync("end");
        await terminal.EndAsync();
        Assert.Equal(2, terminal.Screen.Split('\n').Count(line => line.Trim() == "icanon"));
    }

    [OciFact]
    public async Task A_terminal_and_its_socket_go_together()
    {
        OciBundle box = Bundle("true").Set("process.terminal", true);
        Refused(await TryCreate(box), 1, "--console-socket");
        await Gone(box.Id);
        box = Bundle("true");
        Result result = await TryCreate(box, "--console-socket", "/nonexistent/socket");
        if (OciRuntime.Kind != OciKinds.Crun)
        {
            Refused(result, 1, "console socket");
            await Gone(box.Id);
        }
        box = Bundle("true").Set("process.terminal", true);
        Refused(await TryCreate(box, "--console-socket", "/nonexistent/socket"), 1, "/nonexistent/socket");
        await Gone(box.Id);
    }

    private Terminal OnTerminal(ushort rows, ushort columns, params string[] arguments) =>
        Terminal.Start(OciRuntime.Program, [.. OciRuntime.Words, "--root", Fixture.Root, .. arguments], rows, columns);
}

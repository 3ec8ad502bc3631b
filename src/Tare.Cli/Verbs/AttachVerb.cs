using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Terminal;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare attach: is the terminal of a container that runs.</summary>
internal sealed class AttachVerb : Verb
{
    private readonly SwitchFlag _noStdin;
    private readonly SwitchFlag _signalProxy;
    private readonly TextFlag _detachKeys;

    public AttachVerb()
        : base("[OPTIONS] CONTAINER", "Attach this terminal to a running container", ArgumentCount.Exactly(1))
    {
        Aliases = "container attach, attach";
        _noStdin = Flags.Switch("no-stdin", "Do not attach stdin");
        _signalProxy = Flags.Switch("sig-proxy", "Pass signals on to the container", initial: true);
        _detachKeys = Flags.Text("detach-keys", "Keys that leave the container alone again");
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var container = arguments[0];
        var containers = session.Client.Containers;
        using var exit = await containers.BeginWaitAsync(container);
        var (tty, openStdin) = await CheckAsync(containers, container);
        TtyCheck.Input(!_noStdin.Value, tty);
        var keys = _detachKeys.Value.Length > 0 ? _detachKeys.Value : session.Config.DetachKeys;
        var stdin = !_noStdin.Value && openStdin;
        using var proxy = _signalProxy.Value && !tty ? new SignalProxy(session, tty) : null;
        proxy?.Attach(container);
        using var stream = await containers.AttachAsync(container, new AttachOptions { Stdin = stdin, DetachKeys = keys, Tty = tty });
        // It may have ended between the first look and the attaching, and its streams would then never say so.
        await CheckAsync(containers, container);
        using var copy = new StreamCopy(session, stream, tty) { Keys = keys };
        if (stdin) copy.StartInput();
        else stream.CloseInput();
        using (tty && session.Out.IsTerminal ? await NudgeAsync(session, container) : null) await copy.CopyOutputAsync();
        if (copy.Detached) throw new CommandException("read escape sequence");
        var result = await exit.ExitAsync();
        return result.Error is { } error ? throw new CommandException(error.Message ?? "") : (int)result.StatusCode;
    }

    /// <summary>A change of size makes a program draw its screen again, so that the user sees something.</summary>
    private static async ValueTask<TerminalSize> NudgeAsync(Session session, string container)
    {
        var (rows, columns) = session.Out.Size;
        await session.Client.Containers.ResizeAsync(container, rows + 1, columns + 1);
        return new TerminalSize(session, (r, c) => session.Client.Containers.ResizeAsync(container, r, c));
    }

    private static async ValueTask<(bool Tty, bool OpenStdin)> CheckAsync(ContainerOperations containers, string container)
    {
        using var document = JsonDocument.Parse(await containers.InspectJsonAsync(container));
        var state = document.RootElement.GetProperty("State");
        if (!state.GetProperty("Running").GetBoolean()) throw new CommandException("You cannot attach to a stopped container, start it first");
        if (state.GetProperty("Paused").GetBoolean()) throw new CommandException("You cannot attach to a paused container, unpause it first");
        if (state.GetProperty("Restarting").GetBoolean()) throw new CommandException("You cannot attach to a restarting container, wait until it is running");
        var config = document.RootElement.GetProperty("Config");
        return (config.GetProperty("Tty").GetBoolean(), config.GetProperty("OpenStdin").GetBoolean());
    }
}

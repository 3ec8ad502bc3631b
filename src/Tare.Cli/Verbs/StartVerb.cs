using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Cli.Terminal;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare start: starts containers that do not run.</summary>
internal sealed class StartVerb : Verb
{
    private readonly SwitchFlag _attach;
    private readonly SwitchFlag _interactive;
    private readonly TextFlag _detachKeys;
    private readonly TextFlag _checkpoint;
    private readonly TextFlag _checkpointDirectory;

    public StartVerb()
        : base("[OPTIONS] CONTAINER [CONTAINER...]", "Start one or more stopped containers", ArgumentCount.AtLeast(1))
    {
        Aliases = "container start, start";
        _attach = Flags.Switch("attach", "Attach stdout and stderr and pass signals on", 'a');
        _interactive = Flags.Switch("interactive", "Attach stdin", 'i');
        _detachKeys = Flags.Text("detach-keys", "Keys that leave the container in the background");
        _checkpoint = Flags.Add(new TextFlag("checkpoint", '\0', "Go on from this checkpoint") { Hidden = true });
        _checkpointDirectory = Flags.Add(new TextFlag("checkpoint-dir", '\0', "Directory of the checkpoints") { Hidden = true });
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        if (_checkpoint.Given || _checkpointDirectory.Given) throw new CommandException("checkpoints are not there yet");
        if (!_attach.Value && !_interactive.Value) return await StartAsync(session, arguments);
        if (arguments.Count > 1) throw new CommandException("you cannot start and attach multiple containers at once");
        return await StartAttachedAsync(session, arguments[0]);
    }

    private static async ValueTask<int> StartAsync(Session session, IReadOnlyList<string> containers)
    {
        var failed = new List<string>();
        foreach (var container in containers)
        {
            try
            {
                await session.Client.Containers.StartAsync(container);
                session.Out.WriteLine(container);
            }
            catch (Exception e) when (CommandException.IsExpected(e))
            {
                session.Out.Flush();
                session.Error.WriteLine(CommandException.Describe(e));
                session.Error.Flush();
                failed.Add(container);
            }
        }

        return failed.Count == 0 ? 0 : throw new CommandException($"Error: failed to start containers: {string.Join(", ", failed)}");
    }

    private async ValueTask<int> StartAttachedAsync(Session session, string name)
    {
        string id;
        bool tty, openStdin, removes;
        using (var document = JsonDocument.Parse(await session.Client.Containers.InspectJsonAsync(name)))
        {
            var root = document.RootElement;
            id = root.GetProperty("Id").GetString()!;
            tty = root.GetProperty("Config").GetProperty("Tty").GetBoolean();
            openStdin = root.GetProperty("Config").GetProperty("OpenStdin").GetBoolean();
            removes = root.GetProperty("HostConfig").GetProperty("AutoRemove").GetBoolean();
        }

        using var proxy = tty ? null : new SignalProxy(session, tty);
        proxy?.Attach(id);
        var keys = _detachKeys.Value.Length > 0 ? _detachKeys.Value : session.Config.DetachKeys;
        var stdin = _interactive.Value && openStdin;
        using var started = await session.Client.Containers.StartAttachedAsync(
            id, new AttachOptions { Stdin = stdin, DetachKeys = keys, Tty = tty }, removes ? WaitCondition.Removed : WaitCondition.NextExit);
        using var copy = new StreamCopy(session, started.Streams, tty) { Keys = keys };
        if (stdin) copy.StartInput();
        else started.Streams.CloseInput();
        using var size = tty && session.Out.IsTerminal ? new TerminalSize(session, (rows, columns) => session.Client.Containers.ResizeAsync(id, rows, columns)) : null;
        await copy.CopyOutputAsync();
        return copy.Detached ? 0 : await Exits.CodeAsync(session, started.Exit);
    }
}

using Tare.Cli.Commands;
using Tare.Cli.Creation;
using Tare.Cli.Flags;
using Tare.Cli.Terminal;
using Tare.Client;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare exec: runs a further process in a running container.</summary>
internal sealed class ExecVerb : Verb
{
    private const int EngineGone = 255;

    private readonly TextFlag _detachKeys;
    private readonly SwitchFlag _interactive;
    private readonly SwitchFlag _tty;
    private readonly SwitchFlag _detach;
    private readonly TextFlag _user;
    private readonly SwitchFlag _privileged;
    private readonly ListFlag _env;
    private readonly ListFlag _envFile;
    private readonly TextFlag _workdir;

    public ExecVerb()
        : base("[OPTIONS] CONTAINER COMMAND [ARG...]", "Execute a command in a running container", ArgumentCount.AtLeast(2))
    {
        Aliases = "container exec, exec";
        Flags.Interspersed = false;
        _detachKeys = Flags.Text("detach-keys", "Keys that leave the command in the background");
        _interactive = Flags.Switch("interactive", "Keep stdin open, attached or not", 'i');
        _tty = Flags.Switch("tty", "Give the command a terminal", 't');
        _detach = Flags.Switch("detach", "Leave the command in the background", 'd');
        _user = Flags.Text("user", "User to run as, NAME|UID[:GROUP|GID]", 'u');
        _privileged = Flags.Switch("privileged", "Give the command all the rights that the engine has");
        _env = Flags.List("env", "Set an environment variable", 'e', KeyValues.CheckVariable);
        _envFile = Flags.List("env-file", "Set environment variables from a file");
        _workdir = Flags.Text("workdir", "Working directory inside the container", 'w');
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var container = arguments[0];
        var keys = _detachKeys.Value.Length > 0 ? _detachKeys.Value : session.Config.DetachKeys;
        var attached = !_detach.Value;
        var env = KeyValues.Read(_envFile.Values, _env.Values, inherit: true);
        (int Rows, int Columns)? size = _tty.Value ? session.Out.Size : null;
        var request = new ExecCreateRequest
        {
            User = _user.Value,
            Privileged = _privileged.Value,
            Tty = _tty.Value,
            ConsoleSize = size is { } s ? [s.Rows, s.Columns] : null,
            AttachStdin = attached && _interactive.Value,
            AttachStdout = attached,
            AttachStderr = attached,
            Detach = _detach.Value,
            DetachKeys = keys,
            Env = env.Count > 0 ? env : null,
            WorkingDir = _workdir.Value,
            Cmd = [.. arguments.Skip(1)],
        };
        if (request.AttachStdin && request.Tty && !Io.Input.IsTerminal)
        {
            // A container that does not exist is the more important error.
            await session.Client.Containers.InspectJsonAsync(container);
            TtyCheck.Input(attached: true, tty: true);
        }

        var id = await session.Client.Execs.CreateAsync(container, request);
        if (!attached)
        {
            await session.Client.Execs.StartDetachedAsync(id, _tty.Value);
            return 0;
        }

        using var stream = await session.Client.Execs.StartAsync(id, _tty.Value, size);
        using var copy = new StreamCopy(session, stream, _tty.Value) { Keys = keys };
        if (request.AttachStdin) copy.StartInput();
        else stream.CloseInput();
        using (_tty.Value && Io.Input.IsTerminal ? new TerminalSize(session, (rows, columns) => session.Client.Execs.ResizeAsync(id, rows, columns)) : null)
            await copy.CopyOutputAsync();
        if (copy.Detached) throw new CommandException("read escape sequence");
        try
        {
            return await session.Client.Execs.ExitCodeAsync(id) ?? 0;
        }
        catch (EngineUnreachableException)
        {
            return EngineGone;
        }
    }
}

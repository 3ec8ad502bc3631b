using Tare.Cli.Commands;
using Tare.Cli.Creation;
using Tare.Cli.Flags;
using Tare.Cli.Terminal;
using Tare.Client;
using Tare.Wire;

namespace Tare.Cli.Verbs;

/// <summary>tare run: makes a container, starts it, and is its terminal until it ends.</summary>
internal sealed class RunVerb : Verb
{
    private const int CannotExecute = 126;
    private const int NotFound = 127;

    private readonly ContainerFlags _flags;
    private readonly List<string> _warnings = [];
    private readonly SwitchFlag _detach;
    private readonly SwitchFlag _signalProxy;
    private readonly TextFlag _detachKeys;

    public RunVerb()
        : base("[OPTIONS] IMAGE [COMMAND] [ARG...]", "Create and run a new container from an image", ArgumentCount.AtLeast(1))
    {
        Aliases = "container run, run";
        Flags.Interspersed = false;
        _detach = Flags.Switch("detach", "Leave the container in the background and print its ID", 'd');
        _signalProxy = Flags.Switch("sig-proxy", "Pass signals on to the container", initial: true);
        _detachKeys = Flags.Text("detach-keys", "Keys that leave the container in the background");
        _flags = new ContainerFlags(Flags, _warnings.Add);
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        foreach (var warning in _warnings) session.Warn(warning);
        var creator = new Creator(session, _flags, "run");
        var request = creator.Build(arguments[0], [.. arguments.Skip(1)]);
        if (_detach.Value)
        {
            if (_flags.Attach.Values.Count > 0) throw new CommandException("conflicting options: cannot specify both --attach and --detach");
            request.AttachStdin = request.AttachStdout = request.AttachStderr = request.StdinOnce = false;
        }
        else
        {
            TtyCheck.Input(request.AttachStdin, request.Tty);
        }

        using var proxy = _signalProxy.Value && !_detach.Value ? new SignalProxy(session, request.Tty) : null;
        string id;
        try
        {
            id = await creator.CreateAsync(request);
        }
        catch (Exception e) when (CommandException.IsExpected(e) || e is CommandException)
        {
            throw Describe(creator, e);
        }

        proxy?.Attach(id);
        if (!request.AttachStdin && !request.AttachStdout && !request.AttachStderr) return await StartDetachedAsync(session, creator, id);
        return await RunAttachedAsync(session, creator, request, id, proxy);
    }

    private static async ValueTask<int> StartDetachedAsync(Session session, Creator creator, string id)
    {
        // The id comes first even if the start fails, as Docker has it.
        session.Out.WriteLine(id);
        session.Out.Flush();
        try
        {
            await session.Client.Containers.StartAsync(id);
            return 0;
        }
        catch (EngineException e)
        {
            throw Describe(creator, e);
        }
    }

    private async ValueTask<int> RunAttachedAsync(Session session, Creator creator, ContainerCreateRequest request, string id, SignalProxy? proxy)
    {
        var keys = _detachKeys.Value.Length > 0 ? _detachKeys.Value : session.Config.DetachKeys;
        var options = new AttachOptions
        {
            Stdin = request.AttachStdin,
            Stdout = request.AttachStdout,
            Stderr = request.AttachStderr,
            DetachKeys = keys,
            Tty = request.Tty,
        };
        StartedContainer started;
        try
        {
            started = await session.Client.Containers.StartAttachedAsync(id, options, _flags.Remove.Value ? WaitCondition.Removed : WaitCondition.NextExit);
        }
        catch (EngineException e)
        {
            throw Describe(creator, e);
        }

        using (started)
        {
            using var copy = new StreamCopy(session, started.Streams, request.Tty) { Keys = keys, Shows = request.AttachStdout || request.AttachStderr };
            // The terminal is raw from here on.
            if (proxy is not null) proxy.Leaving = copy.Dispose;
            if (request.AttachStdin) copy.StartInput();
            else started.Streams.CloseInput();
            using var size = request.Tty && session.Out.IsTerminal ? new TerminalSize(session, (rows, columns) => session.Client.Containers.ResizeAsync(id, rows, columns)) : null;
            await copy.CopyOutputAsync();
            return copy.Detached ? 0 : await Exits.CodeAsync(session, started.Exit);
        }
    }

    /// <summary>The exit code of a container that could not be run tells whose fault it was.</summary>
    private static CommandException Describe(Creator creator, Exception error)
    {
        var message = CommandException.Describe(error);
        var code = Creator.Failed;
        if (Contains("executable file not found") || Contains("no such file or directory") || Contains("system cannot find the file specified")) code = NotFound;
        else if (Contains("permission denied") || Contains("is a directory")) code = CannotExecute;
        return creator.WithHelp(message, code);

        bool Contains(string text) => message.Contains(text, StringComparison.Ordinal);
    }
}

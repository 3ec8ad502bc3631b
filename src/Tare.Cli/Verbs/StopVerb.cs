using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Client;

namespace Tare.Cli.Verbs;

/// <summary>tare stop: asks containers to end, and kills those that do not.</summary>
internal sealed class StopVerb : Verb
{
    private readonly StopFlags _flags;

    public StopVerb()
        : base("[OPTIONS] CONTAINER [CONTAINER...]", "Stop one or more running containers", ArgumentCount.AtLeast(1))
    {
        Aliases = "container stop, stop";
        _flags = new StopFlags(Flags);
    }

    public override ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var options = _flags.Read();
        return new(Each.Run(session, arguments, container => session.Client.Containers.StopAsync(container, options)));
    }
}

/// <summary>The options of <c>stop</c> and <c>restart</c>.</summary>
internal sealed class StopFlags(FlagSet flags)
{
    private readonly TextFlag _signal = flags.Text("signal", "Signal to send first", 's');
    private readonly NumberFlag _timeout = flags.Number("timeout", "Seconds to wait before the container is killed", 't');
    private readonly NumberFlag _time = flags.Add(new NumberFlag("time", '\0', "Seconds to wait before the container is killed") { Deprecated = "use --timeout instead" });

    public StopOptions Read()
    {
        if (_timeout.Given && _time.Given) throw new CommandException("conflicting options: cannot specify both --timeout and --time");
        return new StopOptions { Signal = _signal.Value, Timeout = _timeout.Given ? (int)_timeout.Value : _time.Given ? (int)_time.Value : null };
    }
}

using Tare.Cli.Flags;
using Tare.Client;
using Tare.Errors;

namespace Tare.Cli.Commands;

/// <summary>The options before the verb.</summary>
internal sealed class GlobalOptions
{
    private const string DockerSocket = "unix:///var/run/docker.sock";

    private readonly TextFlag _config;
    private readonly TextFlag _context;
    private readonly SwitchFlag _debug;
    private readonly ListFlag _host;
    private readonly TextFlag _level;
    private readonly SwitchFlag _tls;
    private readonly SwitchFlag _tlsVerify;
    private readonly SwitchFlag _version;
    private readonly SwitchFlag _help;

    public GlobalOptions()
    {
        // What stands behind the verb is the verb's.
        Flags.Interspersed = false;
        _config = Flags.Text("config", "Directory of the client's configuration", initial: DefaultConfigDirectory);
        _context = Flags.Text("context", "Name of the context to use; only \"default\" exists", 'c');
        _debug = Flags.Switch("debug", "Write debugging messages", 'D');
        _host = Flags.List("host", "Address of the engine, unix:///PATH or tcp://HOST:PORT", 'H');
        _level = Flags.Text("log-level", "Messages to write: \"debug\", \"info\", \"warn\", \"error\" or \"fatal\"", 'l', "info");
        _tls = Flags.Switch("tls", "Speak TLS to the engine");
        _tlsVerify = Flags.Switch("tlsverify", "Speak TLS and verify the engine");
        Flags.Add(new TextFlag("tlscacert", '\0', "Certificate of the authority to trust") { Hidden = true });
        Flags.Add(new TextFlag("tlscert", '\0', "Certificate of the client") { Hidden = true });
        Flags.Add(new TextFlag("tlskey", '\0', "Key of the client") { Hidden = true });
        _version = Flags.Switch("version", "Print the version and quit", 'v');
        _help = Flags.Add(new SwitchFlag("help", 'h', "Print usage") { Hidden = true });
    }

    public FlagSet Flags { get; } = new();

    public string ConfigDirectory => _config.Value;

    public bool Debug => _debug.Value;

    public bool Version => _version.Value;

    public bool Help => _help.Value;

    private static string DefaultConfigDirectory
        => Environment.GetEnvironmentVariable("DOCKER_CONFIG") is { Length: > 0 } directory ? directory : $"{Environment.GetEnvironmentVariable("HOME") ?? "/root"}/.docker";

    /// <summary>Looks at the values, once they are all read.</summary>
    /// <exception cref="CommandException">One makes no sense.</exception>
    public void Check()
    {
        if (_level.Value is not ("debug" or "info" or "warn" or "warning" or "error" or "fatal" or "panic" or "trace" or ""))
            throw new CommandException($"Unable to parse logging level: {_level.Value}");
        if (_context.Value.Length > 0 && _host.Values.Count > 0) throw new CommandException("conflicting options: cannot specify both --host and --context");
        if (_context.Value is not ("" or "default")) throw new CommandException($"context \"{_context.Value}\" does not exist: this version knows only \"default\", so name the engine with --host");
        if (_host.Values.Count > 1) throw new CommandException("Specify only one -H");
        if (_tls.Value || _tlsVerify.Value) throw new CommandException("TLS is not there yet: reach a remote engine through a tunnel to its socket");
    }

    /// <summary>Where the engine is, and whether nobody has said so.</summary>
    /// <exception cref="CommandException">The address is malformed.</exception>
    public (EngineAddress Address, bool IsDefault) Resolve(string program)
    {
        var isDocker = program == "docker";
        var host = _host.Values.Count > 0 ? _host.Values[0] : "";
        if (host.Length == 0 && _context.Value.Length == 0)
        {
            if (!isDocker) host = Environment.GetEnvironmentVariable("TARE_HOST") ?? "";
            if (host.Length == 0) host = Environment.GetEnvironmentVariable("DOCKER_HOST") ?? "";
        }

        var isDefault = host.Length == 0;
        if (isDefault && isDocker) host = DockerSocket;
        try
        {
            return (host.Length == 0 ? EngineAddress.Default : EngineAddress.Parse(host), isDefault);
        }
        catch (TareException e)
        {
            throw new CommandException($"unable to resolve the engine's address: {e.Message}");
        }
    }
}

using Tare.Cli.Flags;
using Tare.Engine;
using Tare.Errors;
using Tare.Registry;
using FilePath = System.IO.Path;

namespace Tare.Cli.Roles.DistributionServer;

/// <summary>The registry inside of the daemon, when it is asked for: the one of <c>tare registry serve</c>, in a folder of the data root.</summary>
internal sealed class DaemonRegistry
{
    private readonly ListFlag listen;
    private readonly TextFlag config;
    private readonly TextFlag htpasswd;
    private readonly TextFlag auth;
    private readonly TextFlag tlsCertificate;
    private readonly TextFlag tlsKey;

    internal DaemonRegistry(FlagSet flags)
    {
        listen = flags.List("registry", "Address to serve a registry at too, ADDRESS:PORT");
        auth = flags.Text("registry-auth", "How clients of the registry say who they are: \"basic\" or \"token\"", initial: "basic");
        config = flags.Text("registry-config", "Configuration file of the registry");
        htpasswd = flags.Text("registry-htpasswd", "File of the registry's users and bcrypt hashes");
        tlsCertificate = flags.Text("registry-tls-cert", "Certificate of the registry (PEM)");
        tlsKey = flags.Text("registry-tls-key", "Private key of that certificate (PEM)");
    }

    /// <summary>Starts the registry, if it is wanted, and waits until it listens.</summary>
    /// <param name="dataRoot">The daemon's data root.</param>
    /// <param name="log">The daemon's log.</param>
    /// <param name="stop">Ends the registry.</param>
    /// <returns>Ends with the registry.</returns>
    /// <exception cref="TareException">It cannot start.</exception>
    internal async Task<Task> StartAsync(string dataRoot, Action<EngineLogLevel, string> log, CancellationToken stop)
    {
        if (listen.Values.Count == 0) return Task.CompletedTask;
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var serving = RegistryServer.RunAsync(Options(FilePath.Combine(dataRoot, "registry"), log, listening), stop);
        await Task.WhenAny(serving, listening.Task);
        if (serving.IsFaulted) await serving;
        return serving;
    }

    private ServerOptions Options(string folder, Action<EngineLogLevel, string> log, TaskCompletionSource listening) => new()
    {
        Root = folder,
        Listen = listen.Values,
        ConfigFile = RegistryFlags.FileOrNone(config),
        HtpasswdFile = RegistryFlags.FileOrNone(htpasswd),
        Authentication = RegistryFlags.Scheme(auth),
        TlsCertificate = RegistryFlags.FileOrNone(tlsCertificate),
        TlsKey = RegistryFlags.FileOrNone(tlsKey),
        Version = BuildInfo.Version,
        Log = (level, text) => log(
            level switch
            {
                RegistryLogLevel.Debug => EngineLogLevel.Debug,
                RegistryLogLevel.Info => EngineLogLevel.Info,
                RegistryLogLevel.Warning => EngineLogLevel.Warning,
                _ => EngineLogLevel.Error,
            },
            "registry: " + text),
        Listening = addresses =>
        {
            foreach (var address in addresses) log(EngineLogLevel.Info, $"registry listen on {address}");
            listening.TrySetResult();
        },
    };
}

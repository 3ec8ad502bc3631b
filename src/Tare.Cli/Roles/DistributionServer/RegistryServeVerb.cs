using System.Runtime.InteropServices;
using Tare.Cli.Commands;
using Tare.Cli.Flags;
using Tare.Errors;
using Tare.Registry;
using FilePath = System.IO.Path;

namespace Tare.Cli.Roles.DistributionServer;

/// <summary>tare registry serve: the distribution server.</summary>
internal sealed class RegistryServeVerb : Verb
{
    private readonly ListFlag listen;
    private readonly TextFlag root;
    private readonly TextFlag config;
    private readonly TextFlag htpasswd;
    private readonly TextFlag auth;
    private readonly TextFlag accessLog;
    private readonly TextFlag tlsCertificate;
    private readonly TextFlag tlsKey;
    private readonly TextFlag tlsClientAuthority;
    private readonly SpanFlag grace;
    private readonly SpanFlag interval;
    private readonly SpanFlag uploadExpiry;
    private readonly SpanFlag stopTimeout;
    private readonly SwitchFlag untagged;
    private readonly SwitchFlag debug;

    public RegistryServeVerb()
        : base("[OPTIONS]", "Serve images to docker, tare and all other clients of registries", ArgumentCount.None)
    {
        accessLog = Flags.Text("access-log", "File for a line for each request; - is standard output, and an empty name writes none", initial: "-");
        auth = Flags.Text("auth", "How clients say who they are: \"basic\" or \"token\"", initial: "basic");
        config = Flags.Text("config", "Configuration file: rules, quotas, retention, upstreams (JSON)");
        debug = Flags.Switch("debug", "Write debugging messages", 'D');
        grace = Flags.Add(new SpanFlag("gc-grace", "How long something stays that nothing refers to", TimeSpan.FromHours(1)));
        interval = Flags.Add(new SpanFlag("gc-interval", "How often garbage is collected and retention rules are carried out; 0 only on command", TimeSpan.FromMinutes(10)));
        untagged = Flags.Switch("gc-untagged", "Collect manifests too that no tag, no index and no subject leads to");
        htpasswd = Flags.Text("htpasswd", "File of users and bcrypt hashes; tare registry user edits it");
        listen = Flags.List("listen", "Address to listen on, ADDRESS:PORT (default 127.0.0.1:5000)", 'l');
        root = RegistryFlags.Root(Flags);
        stopTimeout = Flags.Add(new SpanFlag("stop-timeout", "How long requests that are under way may take to end at SIGTERM", TimeSpan.FromSeconds(30)));
        tlsCertificate = Flags.Text("tls-cert", "Certificate of the server, and those that vouch for it (PEM)");
        tlsClientAuthority = Flags.Text("tls-client-ca", "Authorities, one of which must vouch for each client (PEM)");
        tlsKey = Flags.Text("tls-key", "Private key of the certificate (PEM)");
        uploadExpiry = Flags.Add(new SpanFlag("upload-expiry", "How long an upload may rest before it is given up", TimeSpan.FromHours(24)));
    }

    public override async ValueTask<int> RunAsync(Session session, IReadOnlyList<string> arguments)
    {
        var log = new RegistryLog(session, debug.Value ? RegistryLogLevel.Debug : RegistryLogLevel.Info);
        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var memory = new IdleMemory();
        using var requests = AccessLogStream.Open(accessLog.Value);
        var folder = FilePath.GetFullPath(root.Value);
        try
        {
            await RegistryServer.RunAsync(Options(folder, requests, log), stop.Token);
            return 0;
        }
        catch (TareException e)
        {
            log.Write(RegistryLogLevel.Error, $"the registry cannot start: {e.Message}");
            return 1;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            log.Write(RegistryLogLevel.Info, $"{context.Signal}: the registry stops when the requests have ended that are under way");
            stop.Cancel();
        }
    }

    private ServerOptions Options(string folder, Stream? requests, RegistryLog log) => new()
    {
        Root = folder,
        Listen = listen.Values.Count > 0 ? listen.Values : ["127.0.0.1:5000"],
        ConfigFile = RegistryFlags.FileOrNone(config),
        HtpasswdFile = RegistryFlags.FileOrNone(htpasswd),
        Authentication = RegistryFlags.Scheme(auth),
        TlsCertificate = RegistryFlags.FileOrNone(tlsCertificate),
        TlsKey = RegistryFlags.FileOrNone(tlsKey),
        TlsClientAuthority = RegistryFlags.FileOrNone(tlsClientAuthority),
        CollectionGrace = grace.Value,
        CollectionInterval = interval.Value,
        CollectUntagged = untagged.Value,
        UploadExpiry = uploadExpiry.Value,
        StopTime = stopTimeout.Value,
        AccessLog = requests,
        Version = BuildInfo.Version,
        Log = log.Write,
        Listening = addresses => log.Write(RegistryLogLevel.Info, $"registry {BuildInfo.Version} serves {folder} at {string.Join(", ", addresses)}"),
    };
}

using Tare.Cli.Io;
using Tare.Linux;
using Tare.Runtime.Cgroups;
using Tare.Runtime.Containers;

namespace Tare.Cli.Oci;

/// <summary>What one run of the OCI runtime has: its streams, its log, its options before the verb.</summary>
internal sealed class OciSession : IDisposable
{
    private const string DefaultRoot = "/run/tare-oci";

    public OciSession(OciOptions options, Output output, Output error)
    {
        Options = options;
        Out = output;
        Error = error;
        Log = new OciLog(options, error);
        Context = new RuntimeContext
        {
            Root = options.Root.Given ? Path.GetFullPath(options.Root.Value) : Root(),
            SystemdCgroup = options.SystemdCgroup.Value,
            Warn = Log.Warn,
        };
    }

    /// <summary>The socket of whoever waits for a container to be ready, such as a unit of systemd's (sd_notify(3)); empty: nobody.</summary>
    public static string NotifySocket => Environment.GetEnvironmentVariable("NOTIFY_SOCKET") ?? "";

    public OciOptions Options { get; }

    public Output Out { get; }

    public Output Error { get; }

    public OciLog Log { get; }

    public RuntimeContext Context { get; }

    public void Dispose() => Log.Dispose();

    /// <summary>An ordinary user has no right to /run, but a directory of his own that goes when he leaves.</summary>
    private static string Root() =>
        IsOrdinaryUser && Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } own ? own + "/tare-oci" : DefaultRoot;

    /// <summary>As root of a user namespace he is still one, unless that is a whole system, in which one logs in as root.</summary>
    private static bool IsOrdinaryUser => UserIds.Effective != 0 || (UserNamespace.IsChild && Environment.GetEnvironmentVariable("USER") != "root");
}

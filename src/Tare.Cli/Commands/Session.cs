using Tare.Cli.Credentials;
using Tare.Cli.Formatting;
using Tare.Cli.Io;
using Tare.Client;

namespace Tare.Cli.Commands;

/// <summary>What one run of the program has: its streams, its options before the verb, its engine.</summary>
internal sealed class Session : IDisposable
{
    /// <summary>
    /// The API version of the client verbs: that of Docker 28, whose outputs they have. Engines that are older are spoken to in their own.
    /// </summary>
    public const string PreferredApiVersion = "1.51";

    /// <summary>What engines and registries are told of this program.</summary>
    public const string UserAgent = $"Tare-Client/{BuildInfo.Version} (linux)";

    private TareClient? _client;
    private ConfigFile? _config;
    private CredentialStores? _credentials;
    private LocalTime? _localTime;

    public Session(string program) => Program = program;

    /// <summary>The name it was called by: tare, or docker through a link.</summary>
    public string Program { get; }

    /// <summary>Whether it stands in for the program docker.</summary>
    public bool IsDocker => Program == "docker";

    public GlobalOptions Options { get; } = new();

    public Output Out { get; } = new(StandardStreams.Output);

    public Output Error { get; } = new(StandardStreams.Error);

    public Input In { get; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The client, made when it is first asked for.</summary>
    public TareClient Client => _client ??= Connect();

    /// <summary>The user's config.json.</summary>
    public ConfigFile Config => _config ??= ConfigFile.Load(Options.ConfigDirectory, Error);

    /// <summary>The user's credentials for registries.</summary>
    public CredentialStores Credentials => _credentials ??= new CredentialStores(Options.ConfigDirectory, Error);

    public LocalTime LocalTime => _localTime ??= LocalTime.Load(Environment.GetEnvironmentVariable("TZ"));

    public void Dispose() => _client?.Dispose();

    /// <summary>Writes a warning or an error as Docker's logger does.</summary>
    public void Warn(string message, string level = "warning")
    {
        var time = LocalTime.FormatRfc3339(Clock.GetUtcNow().ToUnixTimeSeconds() * 1_000_000_000, digits: 0);
        if (Error.IsTerminal) Error.WriteLine($"{level.ToUpperInvariant()[..4]}[0000] {message}");
        else Error.WriteLine($"time=\"{time}\" level={level} msg={GoText.Quote(message)}");
        Error.Flush();
    }

    private TareClient Connect()
    {
        var (address, isDefault) = Options.Resolve(Program);
        var version = Environment.GetEnvironmentVariable("DOCKER_API_VERSION");
        return new TareClient(new TareClientOptions
        {
            Address = address,
            ApiVersion = string.IsNullOrEmpty(version) ? PreferredApiVersion : version.TrimStart('v'),
            Negotiate = string.IsNullOrEmpty(version),
            UserAgent = UserAgent,
            Headers = Config.HttpHeaders,
            Blocking = true,
            ConnectUnix = UnixConnection.Connect,
            Absent = isDefault && !IsDocker ? new OnDemandDaemon(this, address).StartAsync : null,
        });
    }
}

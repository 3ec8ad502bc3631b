using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Tare.EndToEnd.Harness;

/// <summary>The registries that engines push to and pull from.</summary>
internal enum RegistryKind
{
    /// <summary>The distribution's docker-registry.</summary>
    DockerRegistry,

    /// <summary>`tare registry serve`.</summary>
    Tare,
}

/// <summary>
/// A registry on a port of its own, with a store of its own. TARE_TEST_REGISTRY_ADDRESS names the address where it listens, when the
/// engine under test cannot reach this machine's loopback; such an engine has to know it as insecure.
/// </summary>
internal sealed class RegistryServer : IAsyncDisposable
{
    public const string User = "tester";
    public const string Password = "secret";

    /// <summary>bcrypt of the password above: what `htpasswd -nbB tester secret` prints.</summary>
    private const string HashedPassword = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

    private readonly Process process;
    private readonly string folder;

    private RegistryServer(Process process, string folder, string host) => (this.process, this.folder, Host) = (process, folder, host);

    /// <summary>As references name it: <c>127.0.0.1:40000</c>.</summary>
    public string Host { get; }

    /// <param name="kind">Which.</param>
    /// <param name="users">Whether only <see cref="User"/> may use it.</param>
    public static async Task<RegistryServer> StartAsync(RegistryKind kind, bool users)
    {
        string folder = Directory.CreateTempSubdirectory("tare-e2e-registry-").FullName;
        string address = Environment.GetEnvironmentVariable("TARE_TEST_REGISTRY_ADDRESS") is { Length: > 0 } given ? given : "127.0.0.1";
        for (int attempt = 0; ; attempt++)
        {
            string host = $"{address}:{FreePort(address)}";
            Process process = Start(kind == RegistryKind.Tare ? Own(folder, host, users) : Docker(folder, host, users));
            RegistryServer server = new(process, folder, host);
            // Between finding a port and listening on it somebody else may have taken it.
            if (await server.AnswersAsync())
                return server;
            Assert.True(attempt < 5 && process.HasExited, $"the registry does not answer at {host}");
            process.Dispose();
        }
    }

    /// <summary>Sends a request to it, as <see cref="User"/>.</summary>
    public async Task<(int Status, string Body)> SendAsync(string path)
    {
        using HttpClient http = new();
        using HttpRequestMessage request = new(HttpMethod.Get, $"http://{Host}{path}");
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{User}:{Password}")));
        request.Headers.Accept.ParseAdd("application/vnd.docker.distribution.manifest.v2+json");
        request.Headers.Accept.ParseAdd("application/vnd.oci.image.manifest.v1+json");
        using HttpResponseMessage answer = await http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task StopAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static Process Start(IReadOnlyList<string> command) =>
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >/dev/null 2>&1 </dev/null", "sh", .. command]) { WorkingDirectory = "/" })!;

    private static IReadOnlyList<string> Docker(string folder, string host, bool users)
    {
        string program = Setup.Find("docker-registry") ?? throw new InvalidOperationException("docker-registry is missing: scripts/need test unpacks it");
        string configuration = $"""
            version: 0.1
            log: [level: error, accesslog: [disabled: true]]
            storage: [filesystem: [rootdirectory: {folder}/data], delete: [enabled: true]]
            http: [addr: "{host}"]
            """.Replace('[', '{').Replace(']', '}');
        if (users)
            configuration += $"\nauth: {{htpasswd: {{realm: test, path: {WriteUsers(folder)}}}}}";
        string file = Path.Combine(folder, "registry.yml");
        File.WriteAllText(file, configuration + "\n");
        return [program, "serve", file];
    }

    private static IReadOnlyList<string> Own(string folder, string host, bool users)
    {
        Assert.True(File.Exists(Setup.Tare), $"{Setup.Tare} is missing: run `make build`");
        string[] words = [Setup.Tare, "registry", "serve", "--root", Path.Combine(folder, "data"), "--listen", host];
        return users ? [.. words, "--htpasswd", WriteUsers(folder)] : words;
    }

    private static string WriteUsers(string folder)
    {
        string file = Path.Combine(folder, "users");
        File.WriteAllText(file, $"{User}:{HashedPassword}\n");
        return file;
    }

    private async Task<bool> AnswersAsync()
    {
        using HttpClient http = new() { Timeout = TimeSpan.FromSeconds(10) };
        Stopwatch watch = Stopwatch.StartNew();
        while (!process.HasExited && watch.Elapsed < Eventually.Limit)
        {
            try
            {
                using HttpResponseMessage answer = await http.GetAsync(new Uri($"http://{Host}/v2/"));
                return answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Unauthorized;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(10);
            }
        }
        return false;
    }

    private static int FreePort(string address)
    {
        using TcpListener listener = new(IPAddress.Parse(address), 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>Two registries that the cases of a class share: one for everybody, one with a user.</summary>
public class RegistryFixture : IAsyncLifetime
{
    internal RegistryServer Open { get; private set; } = null!;

    internal RegistryServer Guarded { get; private set; } = null!;

    private protected virtual RegistryKind Kind => RegistryKind.DockerRegistry;

    public async Task InitializeAsync()
    {
        Open = await RegistryServer.StartAsync(Kind, users: false);
        Guarded = await RegistryServer.StartAsync(Kind, users: true);
    }

    public async Task DisposeAsync()
    {
        if (Guarded is not null)
            await Guarded.DisposeAsync();
        if (Open is not null)
            await Open.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>The same of our own.</summary>
public sealed class OwnRegistryFixture : RegistryFixture
{
    private protected override RegistryKind Kind => RegistryKind.Tare;
}

/// <summary>Base of the cases about registries: each has a folder of configuration of its own, so that what it logs in to is forgotten with it.</summary>
public abstract class RegistryTests(EngineFixture engine, RegistryFixture registries) : EngineTests(engine)
{
    private string? config;

    internal RegistryServer Registry => registries.Open;

    internal RegistryServer Guarded => registries.Guarded;

    /// <summary>The folder of config.json.</summary>
    internal string Config => config ??= Path.Combine(Folder().Here, "config");

    internal string ConfigFile => Path.Combine(Config, "config.json");

    internal IReadOnlyDictionary<string, string> OwnEnvironment => new Dictionary<string, string>(Environment) { ["DOCKER_CONFIG"] = Config };

    internal async Task<Result> RunOwn(string client, params string[] arguments) => await RunOwn(client, null, null, arguments);

    internal async Task<Result> RunOwn(string client, byte[]? stdin, IReadOnlyDictionary<string, string>? more, params string[] arguments) =>
        OldClient.Translate(client, await Running.RunAsync(Program(client), arguments, stdin, new Dictionary<string, string>(OwnEnvironment.Concat(more ?? new Dictionary<string, string>()))));

    internal async Task LoginAsync(string client) =>
        (await RunOwn(client, System.Text.Encoding.ASCII.GetBytes(RegistryServer.Password + "\n"), null, "login", "-u", RegistryServer.User, "--password-stdin", Guarded.Host)).Ok();

    /// <summary>Gives the base image a name in a registry, which is taken from it after the case.</summary>
    internal async Task<string> Named(RegistryServer registry, string tag = "v1")
    {
        string name = $"{registry.Host}/tare-test/{Name()}";
        Own(name);
        (int status, string body) = await Api.SendAsync(HttpMethod.Post, $"images/{Image}/tag?repo={Uri.EscapeDataString(name)}&tag={tag}");
        Assert.True(status == 201, body);
        return $"{name}:{tag}";
    }
}

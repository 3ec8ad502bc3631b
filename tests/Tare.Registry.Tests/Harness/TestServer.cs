using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Tare.Registry.Tests.Harness;

/// <summary>A registry in this process, on a free port and a folder of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;
    private readonly bool ownsRoot;

    private TestServer(string root, bool ownsRoot, Task running, CancellationTokenSource stop, Uri address, List<string> log)
    {
        Root = root;
        this.ownsRoot = ownsRoot;
        this.running = running;
        this.stop = stop;
        Log = log;
        Client = new HttpClient { BaseAddress = address };
    }

    public string Root { get; }

    public HttpClient Client { get; }

    public List<string> Log { get; }

    public static async Task<TestServer> StartAsync(Func<ServerOptions, ServerOptions>? configure = null, string? root = null)
    {
        var folder = root ?? NewRoot();
        var log = new List<string>();
        var listening = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var stop = new CancellationTokenSource();
        var options = new ServerOptions
        {
            Root = folder,
            Listen = ["127.0.0.1:0"],
            CollectionInterval = TimeSpan.Zero,
            StopTime = TimeSpan.FromSeconds(5),
            Log = (level, message) =>
            {
                lock (log) log.Add($"{level}: {message}");
            },
            Listening = addresses => listening.SetResult(addresses[0]),
        };
        var running = RegistryServer.RunAsync(configure?.Invoke(options) ?? options, stop.Token);
        if (await Task.WhenAny(running, listening.Task) == running) await running;
        return new TestServer(folder, root is null, running, stop, new Uri(await listening.Task), log);
    }

    public static string NewRoot() => Directory.CreateTempSubdirectory("tare-registry-test-").FullName;

    /// <summary>Pushes a blob in one request.</summary>
    public async Task<string> PushBlobAsync(string repository, byte[] content)
    {
        var digest = DigestOf(content);
        using var response = await Client.PostAsync(new Uri($"/v2/{repository}/blobs/uploads/?digest={digest}", UriKind.Relative), Bytes(content));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return digest;
    }

    /// <summary>Pushes a manifest of a configuration and layers.</summary>
    public async Task<string> PushImageAsync(string repository, string reference, params byte[][] layers)
    {
        var config = "{}"u8.ToArray();
        await PushBlobAsync(repository, config);
        foreach (var layer in layers) await PushBlobAsync(repository, layer);
        var manifest = Manifest(config, layers);
        using var response = await PutManifestAsync(repository, reference, manifest);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return DigestOf(manifest);
    }

    public Task<HttpResponseMessage> PutManifestAsync(string repository, string reference, byte[] manifest, string type = "application/vnd.oci.image.manifest.v1+json")
    {
        var content = new ByteArrayContent(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return Client.PutAsync(new Uri($"/v2/{repository}/manifests/{reference}", UriKind.Relative), content);
    }

    public async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using var response = await Client.SendAsync(request);
        return response.StatusCode;
    }

    public Task<string> GetAsync(string path) => Client.GetStringAsync(new Uri(path, UriKind.Relative));

    /// <summary>Has the running server collect garbage.</summary>
    public async Task<string> CollectAsync() => (await RegistryCommands.CollectAsync(new ServerOptions { Root = Root }, CancellationToken.None)).Single();

    public static byte[] Manifest(byte[] config, params byte[][] layers) => Encoding.UTF8.GetBytes(
        $$"""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{Descriptor("application/vnd.oci.image.config.v1+json", config)}},"layers":[{{string.Join(',', layers.Select(layer => Descriptor("application/vnd.oci.image.layer.v1.tar", layer)))}}]}""");

    public static string Descriptor(string type, byte[] content) => $$"""{"mediaType":"{{type}}","digest":"{{DigestOf(content)}}","size":{{content.Length}}}""";

    public static string DigestOf(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    public static ByteArrayContent Bytes(byte[] content)
    {
        var body = new ByteArrayContent(content);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return body;
    }

    public IEnumerable<string> BlobFiles() => Directory.EnumerateFiles(Path.Combine(Root, "blobs"), "*", SearchOption.AllDirectories).Select(Path.GetFileName)!;

    /// <summary>Stops the server; the folder stays.</summary>
    public async Task StopAsync()
    {
        await stop.CancelAsync();
        await running;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await StopAsync();
        stop.Dispose();
        if (ownsRoot) Directory.Delete(Root, recursive: true);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Tare.EndToEnd.Harness;

namespace Tare.EndToEnd;

/// <summary>search, on a registry of the tests that has an index. docker-registry has none.</summary>
public sealed class SearchTests(EngineFixture engine, RegistryFixture registries) : RegistryTests(engine, registries), IClassFixture<RegistryFixture>
{
    private const string Found = """
        {"query":"x","num_results":3,"results":[
        {"name":"busybox","description":"A <very> long description of an image & more, so that it has to be cut","star_count":30,"is_official":true,"is_automated":false},
        {"name":"a/busybox","description":"two\nlines","star_count":3,"is_official":false,"is_automated":true},
        {"name":"b/busybox","description":"","star_count":0,"is_official":false,"is_automated":false}]}
        """;

    [Theory]
    [ClientsWith("NAME        DESCRIPTION                                     STARS     OFFICIAL\nbusybox     A <very> long description of an image & more…   30        [OK]\na/busybox   two lines                                       3         \nb/busybox                                                   0         \n")]
    [ClientsWith("busybox 30\na/busybox 3\nb/busybox 0\n", "--format", "{{.Name}} {{.StarCount}}")]
    [ClientsWith("busybox\n", "--format", "{{.Name}}", "--filter", "is-official=true")]
    [ClientsWith("busybox\na/busybox\n", "--format", "{{.Name}}", "--filter", "stars=3")]
    [ClientsWith("{\"Description\":\"two lines\",\"IsOfficial\":\"false\",\"Name\":\"a/busybox\",\"StarCount\":\"3\"}\n", "--format", "json", "--filter", "stars=3", "--filter", "is-official=false")]
    public async Task Results(string client, string output, params string[] options)
    {
        await using Index index = new(Found);
        Assert.Equal(output, (await RunOwn(client, ["search", .. options, $"{index.Host}/x y"])).Ok().Out);
        Assert.Matches(@"GET /v1/search\?q=x(\+|%20)y&n=25 ", index.Asked);
    }

    [Theory, Clients]
    public async Task The_limit_is_passed_on(string client)
    {
        await using Index index = new(Found);
        (await RunOwn(client, "search", "--limit", "7", $"{index.Host}/x")).Ok();
        Assert.Contains("/v1/search?q=x&n=7", index.Asked, StringComparison.Ordinal);
    }

    [Theory]
    [ClientsWith("limit 101 is outside the range of [1, 100]", "--limit", "101")]
    [ClientsWith("invalid filter 'stars=x': strconv.Atoi: parsing \"x\": invalid syntax", "--filter", "stars=x")]
    [ClientsWith("invalid filter 'foo'", "--filter", "foo=x")]
    [ClientsWith("invalid filter 'is-official=[x]'", "--filter", "is-official=x")]
    [ClientsWith("Unexpected status code 404")]
    public async Task Errors(string client, string message, params string[] options) =>
        Assert.Equal($"Error response from daemon: {message}\n", (await RunOwn(client, ["search", .. options, $"{Registry.Host}/x"])).Expect(1).Err);

    [Theory, Clients]
    public async Task A_term_is_no_address(string client) =>
        Assert.Equal(
            "Error response from daemon: invalid repository name: repository name (http://a/x) should not have a scheme\n", (await RunOwn(client, "search", "http://a/x")).Expect(1).Err);

    /// <summary>An index that finds always the same, over plain HTTP.</summary>
    private sealed class Index : IAsyncDisposable
    {
        private readonly TcpListener listener;
        private readonly byte[] answer;
        private readonly StringBuilder asked = new();
        private readonly Task serving;

        public Index(string found)
        {
            string address = System.Environment.GetEnvironmentVariable("TARE_TEST_REGISTRY_ADDRESS") is { Length: > 0 } given ? given : "127.0.0.1";
            listener = new TcpListener(IPAddress.Parse(address), 0);
            listener.Start();
            Host = listener.LocalEndpoint.ToString()!;
            byte[] body = Encoding.UTF8.GetBytes(found);
            answer = [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n"), .. body];
            serving = ServeAsync();
        }

        public string Host { get; }

        public string Asked
        {
            get
            {
                lock (asked)
                    return asked.ToString();
            }
        }

        public async ValueTask DisposeAsync()
        {
            listener.Dispose();
            await serving;
        }

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await listener.AcceptTcpClientAsync();
                    await AnswerAsync(client.GetStream());
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The case is over.
            }
        }

        /// <summary>Whoever begins with TLS is not answered, and comes again without.</summary>
        private async Task AnswerAsync(NetworkStream stream)
        {
            byte[] buffer = new byte[16384];
            int count = 0;
            try
            {
                while (Encoding.ASCII.GetString(buffer, 0, count) is var head && !head.Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    int read = await stream.ReadAsync(buffer.AsMemory(count));
                    if (read == 0 || buffer[0] == 0x16)
                        return;
                    count += read;
                }
                lock (asked)
                    asked.Append(Encoding.ASCII.GetString(buffer, 0, count));
                await stream.WriteAsync(answer);
            }
            catch (IOException)
            {
                // It has hung up.
            }
        }
    }
}

/// <summary>search on our own registry, which has an index.</summary>
public sealed class OwnRegistrySearchTests(EngineFixture engine, OwnRegistryFixture registries) : RegistryTests(engine, registries), IClassFixture<OwnRegistryFixture>
{
    [Theory, Clients]
    public async Task What_was_pushed_is_found(string client)
    {
        string image = await Named(Registry);
        string path = image[(Registry.Host.Length + 1)..image.LastIndexOf(':')];
        (await RunOwn(client, "push", "-q", image)).Ok();
        Assert.Equal(path, (await RunOwn(client, "search", "--format", "{{.Name}}", $"{Registry.Host}/{path}")).Ok().Text);
        Assert.Equal("", (await RunOwn(client, "search", "--format", "{{.Name}}", $"{Registry.Host}/{path}-not")).Ok().Text);
    }

    [Theory, Clients]
    public async Task Only_what_one_may_read_is_found(string client)
    {
        string image = await Named(Guarded);
        string path = image[(Guarded.Host.Length + 1)..image.LastIndexOf(':')];
        await LoginAsync(client);
        (await RunOwn(client, "push", "-q", image)).Ok();
        Assert.Equal(path, (await RunOwn(client, "search", "--format", "{{.Name}}", $"{Guarded.Host}/{path}")).Ok().Text);
        (await RunOwn(client, "logout", Guarded.Host)).Ok();
        Assert.DoesNotContain(path, (await RunOwn(client, "search", "--format", "{{.Name}}", $"{Guarded.Host}/{path}")).Out, StringComparison.Ordinal);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Tare.EndToEnd.Harness;

/// <summary>The engine's API, for what a test arranges and checks beside the client that it tests.</summary>
internal sealed class EngineApi : IDisposable
{
    private readonly HttpClient http;

    public EngineApi(string socket)
    {
        SocketsHttpHandler handler = new()
        {
            ConnectCallback = async (_, cancel) =>
            {
                Socket connection = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                    return new NetworkStream(connection, ownsSocket: true);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            },
        };
        http = new HttpClient(handler) { BaseAddress = new Uri("http://engine/v1.45/"), Timeout = TimeSpan.FromSeconds(90) };
    }

    public async Task<bool> AnswersAsync()
    {
        try
        {
            using HttpResponseMessage answer = await http.GetAsync(new Uri("_ping", UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using HttpResponseMessage answer = await http.GetAsync(new Uri(path, UriKind.Relative));
        string body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"GET {path}: {(int)answer.StatusCode} {body}");
        return JsonNode.Parse(body)!;
    }

    /// <summary>Sends a request and returns status and body.</summary>
    public async Task<(int Status, string Body)> SendAsync(HttpMethod method, string path, string? json = null)
    {
        using HttpRequestMessage request = new(method, new Uri(path, UriKind.Relative));
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<(int Status, string Body)> LoadAsync(Stream archive)
    {
        using StreamContent content = new(archive);
        content.Headers.ContentType = new("application/x-tar");
        using HttpResponseMessage answer = await http.PostAsync(new Uri("images/load?quiet=1", UriKind.Relative), content);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public Task<JsonNode> InspectAsync(string container) => GetAsync($"containers/{container}/json");

    public async Task<string> StatusAsync(string container) => (string)(await InspectAsync(container))["State"]!["Status"]!;

    public async Task<bool> ExistsAsync(string container) => (await SendAsync(HttpMethod.Get, $"containers/{container}/json")).Status == 200;

    public async Task<IReadOnlyList<JsonNode>> ContainersAsync() => ((JsonArray)await GetAsync("containers/json?all=1")).Select(node => node!).ToList();

    public void Dispose() => http.Dispose();
}

using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Tare.Api.Hosting;

namespace Tare.Api.Tests;

/// <summary>A server on a socket of its own, in front of a fake engine.</summary>
internal sealed class ServerFixture : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task running;

    private ServerFixture(FakeBackends engine, string socket, Task running, CancellationTokenSource stop)
        => (Engine, SocketPath, this.running, this.stop) = (engine, socket, running, stop);

    /// <summary>One for all tests, as there is one for a daemon.</summary>
    internal static Linux.Poller Poller { get; } = new();

    internal FakeBackends Engine { get; }

    internal string SocketPath { get; }

    internal HttpClient Http => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) => new NetworkStream(await ConnectAsync(cancellationToken), ownsSocket: true),
        AllowAutoRedirect = false,
    })
    {
        BaseAddress = new Uri("http://docker"),
        Timeout = TimeSpan.FromSeconds(30),
    };

    internal static async Task<ServerFixture> StartAsync(FakeBackends? engine = null)
    {
        engine ??= new FakeBackends();
        var directory = Directory.CreateTempSubdirectory("tare-api-");
        var socket = Path.Combine(directory.FullName, "s");
        var stop = new CancellationTokenSource();
        var listening = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new ApiOptions { Hosts = ["unix://" + socket], Listening = _ => listening.SetResult() };
        var running = ApiServer.RunAsync(engine.All, Poller, options, stop.Token);
        await await Task.WhenAny(listening.Task, running);
        return new ServerFixture(engine, socket, running, stop);
    }

    internal async Task<Socket> ConnectAsync(CancellationToken cancellationToken = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellationToken);
        return socket;
    }

    internal async Task<RawConnection> RawAsync() => new(await ConnectAsync());

    internal async Task<(int Status, string Body)> SendAsync(string method, string target, string? json = null)
    {
        using var http = Http;
        using var request = new HttpRequestMessage(new HttpMethod(method), target);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    internal async Task<(int Status, JsonNode? Body)> JsonAsync(string method, string target, string? json = null)
    {
        var (status, body) = await SendAsync(method, target, json);
        return (status, JsonNode.Parse(body));
    }

    internal async Task<(int Status, string Message)> ErrorAsync(string method, string target, string? json = null)
    {
        var (status, body) = await JsonAsync(method, target, json);
        return (status, body!["message"]!.GetValue<string>());
    }

    internal async Task StopAsync()
    {
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
        Directory.Delete(Path.GetDirectoryName(SocketPath)!, recursive: true);
    }
}

/// <summary>A client that writes its requests byte by byte.</summary>
internal sealed class RawConnection(Socket socket) : IDisposable
{
    private readonly List<byte> unread = [];

    internal Socket Socket => socket;

    internal async Task WriteAsync(string text) => await WriteAsync(Encoding.UTF8.GetBytes(text));

    internal async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    internal void CloseWrite() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>A response's head, without the empty line behind it.</summary>
    internal async Task<string> ReadHeadAsync()
    {
        while (true)
        {
            var text = Encoding.Latin1.GetString([.. unread]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                unread.RemoveRange(0, end + 4);
                return text[..end];
            }

            if (!await FillAsync())
                throw new IOException("the connection ended in a head: " + text);
        }
    }

    /// <summary>What one read of a large buffer gives.</summary>
    internal async Task<string> ReadOnceAsync()
    {
        var buffer = new byte[8192];
        return Encoding.Latin1.GetString(buffer.AsSpan(0, await socket.ReceiveAsync(buffer)));
    }

    internal async Task<byte[]> ReadExactlyAsync(int count)
    {
        while (unread.Count < count)
        {
            if (!await FillAsync())
                throw new IOException($"the connection ended after {unread.Count} of {count} bytes");
        }

        var bytes = unread.GetRange(0, count).ToArray();
        unread.RemoveRange(0, count);
        return bytes;
    }

    internal async Task<byte[]> ReadToEndAsync()
    {
        while (await FillAsync())
        {
        }

        var bytes = unread.ToArray();
        unread.Clear();
        return bytes;
    }

    public void Dispose() => socket.Dispose();

    private async Task<bool> FillAsync()
    {
        var buffer = new byte[64 * 1024];
        var count = await socket.ReceiveAsync(buffer).WaitAsync(TimeSpan.FromSeconds(20));
        unread.AddRange(buffer.AsSpan(0, count));
        return count > 0;
    }
}

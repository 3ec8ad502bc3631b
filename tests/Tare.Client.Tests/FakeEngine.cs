using System.Net.Sockets;
using System.Text;

namespace Tare.Client.Tests;

/// <summary>A server that answers each request with bytes that a test gives, and keeps what it was asked.</summary>
internal sealed class FakeEngine : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tare-client-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <param name="serve">Serves one connection.</param>
    public FakeEngine(Func<NetworkStream, Task> serve)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        _ = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var socket = await _listener.AcceptAsync();
                    Connections++;
                    _ = Task.Run(async () =>
                    {
                        await using var stream = new NetworkStream(socket, ownsSocket: true);
                        await serve(stream);
                    });
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        });
    }

    public string Path => System.IO.Path.Combine(_folder, "engine.sock");

    public int Connections { get; private set; }

    public static async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one) == 0) return "";
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    public static Task WriteAsync(NetworkStream stream, string text) => stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    public TareClient Connect(bool blocking) => new(new TareClientOptions { Address = EngineAddress.Parse("unix://" + Path), Blocking = blocking, ApiVersion = "1.51" });

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

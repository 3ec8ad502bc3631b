using System.Net.Sockets;
using System.Text;

namespace Tare.Cli.Tests.SideBySide;

/// <summary>An engine that says yes to everything and keeps what it was asked.</summary>
internal sealed class RecordingEngine : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tare-cli-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<(string Line, string Body)> _requests = [];

    public RecordingEngine()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "engine.sock")));
        _listener.Listen();
        _ = Task.Run(AcceptAsync);
    }

    public string Host => $"unix://{_folder}/engine.sock";

    /// <summary>What was asked since the last time: method and path without its version, and the body.</summary>
    public IReadOnlyList<(string Line, string Body)> Take()
    {
        lock (_requests)
        {
            List<(string, string)> taken = [.. _requests];
            _requests.Clear();
            return taken;
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                _ = Task.Run(() => ServeAsync(socket));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        using var reader = new BinaryReader(stream, Encoding.Latin1);
        try
        {
            while (true)
            {
                var head = Line(reader).Split(' ');
                var length = 0;
                for (var line = Line(reader); line.Length > 0; line = Line(reader))
                {
                    if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)) length = int.Parse(line.AsSpan("Content-Length:".Length));
                }

                Keep(head[0], head[1], Encoding.UTF8.GetString(reader.ReadBytes(length)));
                var answer = head[0] == "HEAD" ? "" : "{\"Id\":\"abc\",\"Warnings\":[]}";
                var status = head[0] == "POST" ? "201 Created" : head[0] == "DELETE" ? "204 No Content" : "200 OK";
                await stream.WriteAsync(Encoding.Latin1.GetBytes(
                    $"HTTP/1.1 {status}\r\nApi-Version: 1.50\r\nOstype: linux\r\nContent-Type: application/json\r\n{(status[0..3] == "204" ? "" : $"Content-Length: {answer.Length}\r\n")}\r\n{(status[0..3] == "204" ? "" : answer)}"));
            }
        }
        catch (IOException)
        {
            // The program has gone.
        }
    }

    private static string Line(BinaryReader reader)
    {
        var line = new StringBuilder();
        while (reader.ReadChar() is var c && c != '\n') line.Append(c);
        return line.ToString().TrimEnd('\r');
    }

    private void Keep(string method, string target, string body)
    {
        if (target.EndsWith("/_ping", StringComparison.Ordinal)) return;
        lock (_requests) _requests.Add(($"{method} {target[target.IndexOf('/', 1)..]}", body));
    }
}

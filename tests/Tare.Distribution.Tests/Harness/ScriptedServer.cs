using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;

namespace Tare.Distribution.Tests.Harness;

/// <summary>
/// An HTTP server that does with each request what a script says: it lies, cuts, drips and falls silent. To the start of TLS it answers as
/// Go's plain servers do, unless it has a certificate.
/// </summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ReceivedRequest, Reply> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly List<ReceivedRequest> _requests = [];
    private readonly List<Task> _connections = [];
    private readonly Channel<ReceivedRequest> _arrivals = Channel.CreateUnbounded<ReceivedRequest>();
    private readonly Task _accepting;

    public ScriptedServer(Func<ReceivedRequest, Reply> answer, X509Certificate2? certificate = null, int port = 0)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _answer = answer;
        _certificate = certificate;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary><c>127.0.0.1:port</c>.</summary>
    public string Host => _listener.LocalEndpoint.ToString()!;

    /// <summary>How many bytes of a request's body are read before the connection is cut; null for all of them.</summary>
    public Func<ReceivedRequest, int?>? CutRequests { get; init; }

    /// <summary>Whether a client's certificate will do; without this none is asked for.</summary>
    public Func<X509Certificate?, bool>? ClientCheck { get; init; }

    /// <summary>All requests so far, but for the pings of <c>/v2/</c>.</summary>
    public IReadOnlyList<ReceivedRequest> Requests
    {
        get
        {
            lock (_requests) return [.. _requests.Where(request => request.Target != "/v2/")];
        }
    }

    /// <summary>The next request that has arrived, pings included, in the order of arrival.</summary>
    public async Task<ReceivedRequest> ArrivalAsync() => await _arrivals.Reader.ReadAsync(new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] all;
        lock (_connections) all = [.. _connections];
        await Task.WhenAll(all);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                lock (_connections) _connections.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // stopped
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var _ = socket;
        socket.NoDelay = true;
        try
        {
            Stream stream = new NetworkStream(socket);
            if (_certificate is not null)
            {
                var tls = new SslStream(stream);
                var options = new SslServerAuthenticationOptions { ServerCertificate = _certificate };
                if (ClientCheck is { } check)
                {
                    options.ClientCertificateRequired = true;
                    options.RemoteCertificateValidationCallback = (_, certificate, _, _) => check(certificate);
                }

                await tls.AuthenticateAsServerAsync(options, _stop.Token);
                stream = tls;
            }

            while (await ServeOneAsync(socket, stream))
            {
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException
            or System.Security.Authentication.AuthenticationException)
        {
            // The client has gone, or the test is over.
        }
    }

    private async Task<bool> ServeOneAsync(Socket socket, Stream stream)
    {
        if (await ReadHeadAsync(stream) is not { } head) return false;
        var lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var first = lines[0].Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.Skip(1))
        {
            var (name, value) = (line[..line.IndexOf(':')], line[(line.IndexOf(':') + 1)..].Trim());
            headers[name] = headers.TryGetValue(name, out var before) ? $"{before}, {value}" : value;
        }

        var length = headers.TryGetValue("Content-Length", out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        var request = new ReceivedRequest(first[0], first[1], headers, new byte[length]);
        if (length > 0)
        {
            // A cut in the middle of a request leaves the rest unread.
            var limit = CutRequests?.Invoke(request) ?? length;
            await stream.ReadExactlyAsync(request.Body.AsMemory(0, Math.Min(limit, length)), _stop.Token);
            if (limit < length) request = request with { Body = request.Body[..limit] };
        }

        lock (_requests) _requests.Add(request);
        _arrivals.Writer.TryWrite(request);
        var reply = _answer(request);
        if (request.Body.Length < length || reply.CutAfter < 0)
        {
            socket.Close(0); // a reset
            return false;
        }

        if (reply.SilentAfter < 0) await Task.Delay(Timeout.Infinite, _stop.Token);
        var isHead = first[0] == "HEAD";
        await stream.WriteAsync(reply.Head(isHead), _stop.Token);
        if (isHead) return true;
        await WriteBodyAsync(stream, reply);
        if (reply.SilentAfter is not null) await Task.Delay(Timeout.Infinite, _stop.Token);
        if (reply.CutAfter is null) return reply.ContentLength is null;

        // The bytes before the cut are to arrive: an end, not a reset, which may overtake them.
        socket.Shutdown(SocketShutdown.Both);
        return false;
    }

    private async Task WriteBodyAsync(Stream stream, Reply reply)
    {
        var end = Math.Min(reply.Body.Length, reply.CutAfter ?? reply.SilentAfter ?? reply.Body.Length);
        if (reply.Drip is { } drip)
        {
            for (var i = 0; i < end; i++)
            {
                await drip();
                await stream.WriteAsync(reply.Body.AsMemory(i, 1), _stop.Token);
            }
        }
        else if (reply.IsChunked && end > 0)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{end:x}\r\n"), _stop.Token);
            await stream.WriteAsync(reply.Body.AsMemory(0, end), _stop.Token);
            await stream.WriteAsync("\r\n"u8.ToArray(), _stop.Token);
        }
        else if (end > 0)
        {
            await stream.WriteAsync(reply.Body.AsMemory(0, end), _stop.Token);
        }

        if (reply is { IsChunked: true, CutAfter: null, SilentAfter: null }) await stream.WriteAsync("0\r\n\r\n"u8.ToArray(), _stop.Token);
    }

    private async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0) return null;
            if (head.Length == 0 && one[0] == 0x16 && _certificate is null)
            {
                await stream.WriteAsync("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n"u8.ToArray(), _stop.Token);
                return null;
            }

            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}

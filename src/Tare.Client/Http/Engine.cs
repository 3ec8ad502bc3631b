using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Tare.Client.Http;

/// <summary>
/// Exchanges with one engine: connections that are kept and used again, the API version, and errors. An exchange has two halves, so
/// that several can be under way on several connections without a thread for each.
/// </summary>
internal sealed class Engine(TareClientOptions options) : IDisposable
{
    private const int MaximumErrorBody = 1 << 20;

    private readonly Stack<HttpConnection> _idle = new();
    private readonly Lock _lock = new();
    private string _version = options.ApiVersion;
    private bool _settled = !options.Negotiate;
    private bool _disposed;

    public EngineAddress Address => options.Address;

    /// <summary>The version that the next request is made with.</summary>
    public string Version => _version;

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            while (_idle.TryPop(out var connection)) connection.Dispose();
        }
    }

    /// <summary>Sends a request and reads the head of its answer.</summary>
    public async ValueTask<Reply> SendAsync(Request request, CancellationToken ct)
    {
        if (!request.IsReplayable && !_settled) await SettleVersionAsync(ct).ConfigureAwait(false);
        return await CompleteAsync(await BeginAsync(request, ct).ConfigureAwait(false), ct).ConfigureAwait(false);
    }

    /// <summary>Sends a request and throws its answer away.</summary>
    public async ValueTask SendAndForgetAsync(Request request, CancellationToken ct)
    {
        using var reply = await SendAsync(request, ct).ConfigureAwait(false);
        await reply.DrainAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Sends a request and reads its whole answer.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> SendAndReadAsync(Request request, CancellationToken ct)
    {
        using var reply = await SendAsync(request, ct).ConfigureAwait(false);
        return await reply.ReadAllAsync(ct).ConfigureAwait(false);
    }

    /// <summary>The first half of an exchange: the request is on its way when this returns.</summary>
    public async ValueTask<Exchange> BeginAsync(Request request, CancellationToken ct)
    {
        var connection = await TakeAsync(ct).ConfigureAwait(false);
        var exchange = new Exchange(request, connection, _version);
        try
        {
            await connection.SendAsync(request.Write(options.Address, exchange.Version, options), ct).ConfigureAwait(false);
            if (request.BodyStream is { } body) exchange.UploadBroke = !await Upload.TrySendAsync(connection, body, ct).ConfigureAwait(false);
            return exchange;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            connection.Dispose();
            throw Broken(exchange, e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The second half. An answer that is an error is thrown.</summary>
    /// <exception cref="EngineException">The engine refused.</exception>
    /// <exception cref="EngineUnreachableException">The connection broke.</exception>
    public async ValueTask<Reply> CompleteAsync(Exchange exchange, CancellationToken ct)
    {
        while (true)
        {
            var connection = exchange.Connection;
            ResponseHead head;
            try
            {
                head = await connection.ReadHeadAsync(ct).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                connection.Dispose();
                ct.ThrowIfCancellationRequested();
                // A kept connection may have been closed by the engine while the request was on its way; it is repeated when that is harmless.
                if (!connection.Used || exchange.Request.Method is not ("GET" or "HEAD")) throw Broken(exchange, e);
                exchange = await BeginAsync(exchange.Request, ct).ConfigureAwait(false);
                continue;
            }
            catch
            {
                connection.Dispose();
                throw;
            }

            connection.Used = true;
            if (Downgrade(head, exchange) && exchange.Request.IsReplayable)
            {
                connection.Dispose();
                exchange = await BeginAsync(exchange.Request, ct).ConfigureAwait(false);
                continue;
            }

            var reply = MakeReply(exchange, head);
            if (head.Status < 400) return reply;
            using (reply) throw await ErrorAsync(exchange, head, reply, ct).ConfigureAwait(false);
        }
    }

    /// <summary>Compares versions as numbers: 1.9 is older than 1.24.</summary>
    public static int CompareVersions(string a, string b)
    {
        var x = Numbers(a);
        var y = Numbers(b);
        return x.Major != y.Major ? x.Major.CompareTo(y.Major) : x.Minor.CompareTo(y.Minor);

        static (int Major, int Minor) Numbers(string text)
        {
            var dot = text.IndexOf('.', StringComparison.Ordinal);
            var major = int.TryParse(dot < 0 ? text : text[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out var m) ? m : 0;
            return (major, dot >= 0 && int.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0);
        }
    }

    /// <summary>Asks /_ping for the version, when nothing has told it yet.</summary>
    public async ValueTask SettleVersionAsync(CancellationToken ct)
    {
        if (!_settled) await SendAndForgetAsync(new Request("HEAD", "/_ping") { Unversioned = true }, ct).ConfigureAwait(false);
    }

    /// <summary>Every answer names the engine's version. True when the request was made with a newer one and was refused for it.</summary>
    private bool Downgrade(ResponseHead head, Exchange exchange)
    {
        if (_settled || head.Header("Api-Version") is not { Length: > 0 } theirs) return false;
        _settled = true;
        if (CompareVersions(theirs, _version) < 0) _version = theirs;
        return head.Status == 400 && !exchange.Request.Unversioned && CompareVersions(exchange.Version, theirs) > 0;
    }

    private Reply MakeReply(Exchange exchange, ResponseHead head)
    {
        var connection = exchange.Connection;
        if (head.Status == 101 || (exchange.Request.Hijack && head.Status == 200 && !head.IsChunked && head.ContentLength is null))
            return new Reply(head, connection, null);
        Action<HttpConnection>? release = head.KeepAlive && !exchange.UploadBroke ? Keep : null;
        var empty = exchange.Request.Method == "HEAD" || head.Status is 204 or 304;
        return new Reply(head, null, new ResponseBody(connection, empty ? 0 : head.ContentLength, !empty && head.IsChunked, release));
    }

    private async ValueTask<EngineException> ErrorAsync(Exchange exchange, ResponseHead head, Reply reply, CancellationToken ct)
    {
        var body = await reply.ReadAllAsync(ct, MaximumErrorBody).ConfigureAwait(false);
        var message = "";
        try
        {
            using var document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String)
                message = text.GetString()!;
        }
        catch (JsonException)
        {
            message = Encoding.UTF8.GetString(body.Span);
        }

        message = message.Trim();
        return new EngineException(head.Status, message.Length > 0 ? message
            : $"request returned {head.Status} {head.Reason} for API route and version {Url(exchange)}, check if the server supports the requested API version");
    }

    /// <summary>The request's address as Docker shows it.</summary>
    private string Url(Exchange exchange)
        => $"http://{(Address.SocketPath is { } path ? QueryString.Encode(path) : $"{Address.Host}:{Address.Port}")}{exchange.Request.Target(exchange.Version, Address.BasePath)}";

    private EngineUnreachableException Broken(Exchange exchange, Exception cause)
    {
        var reason = cause is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown } or EndOfStreamException ? "EOF" : cause.Message;
        var method = exchange.Request.Method[..1] + exchange.Request.Method[1..].ToLowerInvariant();
        return new EngineUnreachableException(Address, $"error during connect: {method} \"{Url(exchange)}\": {reason}", cause);
    }

    private async ValueTask<HttpConnection> TakeAsync(CancellationToken ct)
    {
        while (true)
        {
            HttpConnection? connection;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, typeof(TareClient));
                _idle.TryPop(out connection);
            }

            if (connection is null) break;
            if (connection.IsReusable) return connection;
            connection.Dispose();
        }

        return new HttpConnection(await ConnectAsync(ct).ConfigureAwait(false));
    }

    private async ValueTask<Transport> ConnectAsync(CancellationToken ct)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await Transport.ConnectAsync(options, ct).ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                // On a unix socket: no such file (AddressNotAvailable), or a file that nobody listens at.
                var absent = Address.SocketPath is not null && e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.ConnectionRefused;
                if (absent && attempt == 0 && options.Absent is { } start && await start(ct).ConfigureAwait(false)) continue;
                if (e.SocketErrorCode == SocketError.AccessDenied)
                    throw new EngineUnreachableException(Address, $"permission denied while trying to connect to the docker API at {Address}", e);
                throw new EngineUnreachableException(Address, $"Cannot connect to the Docker daemon at {Address}. Is the docker daemon running?", e);
            }
        }
    }

    private void Keep(HttpConnection connection)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _idle.Push(connection);
                return;
            }
        }

        connection.Dispose();
    }
}

/// <summary>A request that was sent and is not answered yet.</summary>
internal sealed class Exchange(Request request, HttpConnection connection, string version) : IDisposable
{
    public Request Request => request;

    public HttpConnection Connection => connection;

    /// <summary>The version it was made with.</summary>
    public string Version => version;

    /// <summary>The engine stopped reading the body; its answer says why.</summary>
    public bool UploadBroke { get; set; }

    public void Dispose() => connection.Dispose();
}

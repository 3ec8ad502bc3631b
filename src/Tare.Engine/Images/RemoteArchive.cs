using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Errors;
using Tare.Oci.Compression;

namespace Tare.Engine.Images;

/// <summary>An archive that is fetched from an address of the web.</summary>
internal sealed class RemoteArchive : IDisposable
{
    /// <summary>No root filesystem is longer; what goes on after this only fills the disk.</summary>
    private const long MaxLength = 1L << 40;

    private const int MaxRedirections = 10;
    private const int MaxErrorLength = 4096;

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(30);

    /// <summary>How long a server may say nothing.</summary>
    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(60);

    private readonly HttpClient client;
    private readonly HttpResponseMessage response;

    private RemoteArchive(HttpClient client, HttpResponseMessage response, Uri address, Stream content)
    {
        this.client = client;
        this.response = response;
        Address = address;
        Content = content;
    }

    /// <summary>Where it is fetched from.</summary>
    public Uri Address { get; }

    /// <summary>Its bytes, as they come.</summary>
    public Stream Content { get; }

    /// <summary>How many there are; null when the server does not say.</summary>
    public long? Length => response.Content.Headers.ContentLength;

    /// <summary>Asks for the archive and waits until its first bytes are announced.</summary>
    /// <param name="source">An address; without a scheme it is http.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TareException">The server is not reached, or answers with an error.</exception>
    public static async Task<RemoteArchive> OpenAsync(string source, CancellationToken cancellationToken)
    {
        var text = source.Contains("://", StringComparison.Ordinal) ? source : "http://" + source;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Host.Length == 0) throw TareException.Invalid($"parse \"{text}\": invalid URL");
        if (address.Scheme is not ("http" or "https")) throw TareException.Invalid($"Get \"{text}\": unsupported protocol scheme \"{address.Scheme}\"");
        var client = new HttpClient(new SocketsHttpHandler { ConnectTimeout = ConnectPatience, MaxAutomaticRedirections = MaxRedirections }) { Timeout = ReadPatience };
        HttpResponseMessage? response = null;
        try
        {
            response = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode >= HttpStatusCode.BadRequest) throw await RefusalAsync(address, response, cancellationToken);
            if (response.Content.Headers.ContentLength > MaxLength) throw TooLong(address);
            return new RemoteArchive(client, response, address, new LimitedStream(await response.Content.ReadAsStreamAsync(cancellationToken), address));
        }
        catch (HttpRequestException e)
        {
            Dispose(client, response);
            var kind = e.InnerException is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } ? ErrorKind.NotFound : ErrorKind.Internal;
            throw new TareException(kind, $"Get \"{address}\": {e.Message}", e);
        }
        catch (TaskCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            Dispose(client, response);
            throw TareException.Internal($"Get \"{address}\": the server has not answered for {ReadPatience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} seconds", e);
        }
        catch
        {
            Dispose(client, response);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Dispose(client, response);

    private static void Dispose(HttpClient client, HttpResponseMessage? response)
    {
        response?.Dispose();
        client.Dispose();
    }

    private static async Task<TareException> RefusalAsync(Uri address, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxErrorLength];
        var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var count = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        var kind = response.StatusCode switch
        {
            HttpStatusCode.NotFound => ErrorKind.NotFound,
            HttpStatusCode.BadRequest => ErrorKind.InvalidArgument,
            HttpStatusCode.Unauthorized => ErrorKind.Unauthorized,
            HttpStatusCode.Forbidden => ErrorKind.Forbidden,
            _ => ErrorKind.Internal,
        };
        var said = System.Text.Encoding.UTF8.GetString(buffer, 0, count).Trim();
        return new TareException(kind, $"failed to GET {address} with status {(int)response.StatusCode} {response.ReasonPhrase}: {said}");
    }

    private static TareException TooLong(Uri address) => TareException.Invalid($"Get \"{address}\": the archive is longer than {MaxLength >> 40} TiB");

    /// <summary>Ends with an error when a server sends too much, or for too long nothing.</summary>
    private sealed class LimitedStream(Stream inner, Uri address) : ReadOnlyStream
    {
        private long position;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(ReadPatience);
            try
            {
                var count = await inner.ReadAsync(buffer, patience.Token);
                position += count;
                return position <= MaxLength ? count : throw TooLong(address);
            }
            catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
            {
                throw TareException.Internal($"Get \"{address}\": the server has sent nothing for {ReadPatience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} seconds", e);
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                throw TareException.Internal($"Get \"{address}\": {e.Message}", e);
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(Span<byte> buffer) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}

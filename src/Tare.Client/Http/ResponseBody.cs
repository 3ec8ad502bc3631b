namespace Tare.Client.Http;

/// <summary>
/// The body of a response, decoded. When it has been read to its end, the connection is given back for the next exchange; when it
/// is disposed before, the connection is closed.
/// </summary>
internal sealed class ResponseBody : Stream
{
    private readonly HttpConnection _connection;
    private readonly Action<HttpConnection>? _release;
    private readonly bool _chunked;
    private long _left;
    private bool _first = true;
    private bool _done;

    /// <param name="connection">Where it comes from.</param>
    /// <param name="length">Its bytes; null when it goes on to the end of the connection, or is chunked.</param>
    /// <param name="chunked">Whether it is chunked.</param>
    /// <param name="release">Takes the connection when it can be used again; null closes it.</param>
    public ResponseBody(HttpConnection connection, long? length, bool chunked, Action<HttpConnection>? release)
    {
        _connection = connection;
        _chunked = chunked;
        _release = chunked || length is not null ? release : null;
        _left = chunked ? 0 : length ?? long.MaxValue;
        if (!chunked && length == 0) Finish();
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_done || buffer.IsEmpty) return 0;
        if (_chunked && _left == 0)
        {
            _left = await _connection.ReadChunkSizeAsync(_first, cancellationToken).ConfigureAwait(false);
            _first = false;
            if (_left == 0)
            {
                Finish();
                return 0;
            }
        }

        var count = await _connection.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken).ConfigureAwait(false);
        if (count == 0)
        {
            if (_chunked || _left < long.MaxValue / 2) throw new EndOfStreamException("the connection broke in the middle of the answer");
            Finish();
            return 0;
        }

        _left -= count;
        if (_left == 0 && !_chunked) Finish();
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_done)
        {
            _done = true;
            _connection.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Finish()
    {
        _done = true;
        if (_release is null) _connection.Dispose();
        else _release(_connection);
    }
}

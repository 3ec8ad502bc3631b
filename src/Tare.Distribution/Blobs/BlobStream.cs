using System.Buffers;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Errors;
using Tare.Oci.Compression;

namespace Tare.Distribution.Blobs;

/// <summary>
/// The bytes of a blob, as they come from the network into the caller's buffer. A connection that breaks is replaced by another one that
/// goes on where the first one ended. Not thread-safe.
/// </summary>
/// <remarks>
/// The endpoints are asked in order. A mirror that fails is left for the next endpoint at once; the registry is asked again, after a pause,
/// up to five times in a row without a byte of progress. What is refused for good (not there, not allowed, another length) ends it at once.
/// </remarks>
internal sealed class BlobStream : ReadOnlyStream
{
    private const int MaxFailures = 5;
    private const int SynchronousLength = 64 * 1024;

    private readonly EndpointChooser _chooser;
    private readonly BlobSource _source;
    private readonly Backoff _backoff;
    private readonly CancellationToken _lifetime;
    private readonly Queue<EndpointSession> _mirrors;
    private readonly CancellationTokenRegistration _abort;

    private EndpointSession? _session;
    private volatile BlobConnection? _connection;
    private long _position;
    private long _opened;
    private bool _isChecked;

    private BlobStream(EndpointChooser chooser, BlobSource source, IEnumerable<EndpointSession> mirrors, TimeProvider time, CancellationToken lifetime)
    {
        _chooser = chooser;
        _source = source;
        _mirrors = new Queue<EndpointSession>(mirrors);
        _backoff = new Backoff(time, MaxFailures);
        _lifetime = lifetime;

        // A read looks at its own token: closing the connection under it ends it.
        _abort = lifetime.UnsafeRegister(static stream => ((BlobStream)stream!)._connection?.Answer.Dispose(), this);
    }

    /// <inheritdoc/>
    public override long Length => _source.Size;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Opens a blob at the first endpoint that has it.</summary>
    /// <param name="chooser">The endpoints.</param>
    /// <param name="source">The blob.</param>
    /// <param name="time">The clock.</param>
    /// <param name="lifetime">Ends the opening and every read.</param>
    internal static async Task<BlobStream> OpenAsync(EndpointChooser chooser, BlobSource source, TimeProvider time, CancellationToken lifetime)
    {
        var stream = new BlobStream(chooser, source, await chooser.MirrorsAsync(lifetime), time, lifetime);
        try
        {
            await stream.ConnectAsync(lifetime);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        while (true)
        {
            _lifetime.ThrowIfCancellationRequested();
            if (_isChecked) return 0;
            if (_connection is null && _position < _source.Size) await ConnectAsync(cancellationToken);
            if (_connection is not { } connection) return 0;
            var room = _position < _source.Size ? buffer[..(int)Math.Min(buffer.Length, _source.Size - _position)] : buffer[..1];
            if (_position == _source.Size && connection.IsExact) return End(0);
            RegistryException failure;
            try
            {
                using var link = connection.Idle.Link(cancellationToken);
                connection.Idle.Wind(Limits.Idle);
                var count = await connection.Body.ReadAsync(room, connection.Idle.Token);
                connection.Idle.Stop();
                if (_position == _source.Size) return End(count);
                if (count > 0) return Advance(count);
                failure = Short(connection);
            }
            catch (Exception e) when (NetworkFailures.Covers(e))
            {
                var target = connection.Answer.Target;
                Drop();
                cancellationToken.ThrowIfCancellationRequested();
                _lifetime.ThrowIfCancellationRequested();
                if (_position == _source.Size) return End(0);
                failure = NetworkFailures.Cut(target, e);
            }

            await RecoverAsync(failure, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var rented = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length, SynchronousLength));
        try
        {
            var count = ReadAsync(rented.AsMemory(0, Math.Min(buffer.Length, rented.Length)), _lifetime).AsTask().GetAwaiter().GetResult();
            rented.AsSpan(0, count).CopyTo(buffer);
            return count;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _abort.Dispose();
            Drop();
        }

        base.Dispose(disposing);
    }

    private async Task ConnectAsync(CancellationToken ct)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, _lifetime);
        while (true)
        {
            try
            {
                _session ??= _mirrors.TryDequeue(out var mirror) ? mirror : await _chooser.RegistryAsync(both.Token);
                _connection = await _source.OpenAsync(_session, _position, both.Token);
                _opened = _position;
                _lifetime.ThrowIfCancellationRequested();
                return;
            }
            catch (RegistryException e)
            {
                await RecoverAsync(e, both.Token);
            }
        }
    }

    // Decides what comes after a failure: the next endpoint, another try, or the end.
    private async Task RecoverAsync(RegistryException failure, CancellationToken ct)
    {
        Drop();
        if (_session is { Endpoint.IsMirror: true } mirror)
        {
            _chooser.GiveUp(mirror, failure);
            _session = null;
            return;
        }

        // Whoever has answered before may be restarting.
        if (!failure.IsTransient && !(failure.IsUnreachable && _position > 0)) throw failure;
        if (!_backoff.TryFail(failure)) throw GivenUp(failure);
        await _backoff.WaitAsync(ct);
    }

    private int Advance(int count)
    {
        _position += count;
        _backoff.Progress();
        return count;
    }

    // The byte after the last one has been asked for.
    private int End(int count)
    {
        Drop();
        _isChecked = true;
        return count == 0
            ? 0
            : throw new RegistryException(ErrorKind.Internal, $"{_chooser.Host} sends more than the {_source.Size} bytes of {_source.What}");
    }

    private RegistryException Short(BlobConnection connection) => new(
        ErrorKind.Internal, $"{connection.Answer.Target.Authority} has sent {_position - _opened} bytes and then ended too early")
    {
        IsTransient = true,
    };

    private RegistryException GivenUp(RegistryException last) => new(
        ErrorKind.Internal,
        $"cannot read {_source.What}, byte {_position} of {_source.Size}: {last.Message} (tried {_backoff.Failures} times)",
        last.Code,
        last.Status,
        last);

    private void Drop()
    {
        _connection?.Dispose();
        _connection = null;
    }
}

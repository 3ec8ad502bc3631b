using System.Globalization;
using Tare.Distribution.Blobs;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Errors;
using Tare.Oci;

namespace Tare.Distribution;

/// <summary>
/// A blob that is being sent in chunks (distribution-spec, "Pushing a blob in chunks"). After a cut the registry is asked how much it has,
/// and the rest is sent. Not thread-safe; several uploads may run at the same time.
/// </summary>
/// <remarks>
/// Registries of docker-registry's line forget an upload that was cut in the middle of a chunk: then <see cref="RegistryException.IsUploadLost"/>
/// is set, and the caller begins anew.
/// </remarks>
public sealed class BlobUpload : IAsyncDisposable
{
    private const int MaxFailures = 5;

    /// <summary>The largest least length of a chunk: whoever uploads holds chunks in memory.</summary>
    private const int MaxChunkLength = 64 * 1024 * 1024;

    private readonly EndpointSession _session;
    private readonly Reference _name;
    private readonly string _scope;
    private readonly Backoff _backoff;
    private Uri _location;
    private long _offset;
    private bool _isFinished;

    private BlobUpload(EndpointSession session, Reference name, string scope, Answer answer)
    {
        _session = session;
        _name = name;
        _scope = scope;
        _backoff = new Backoff(session.Time, MaxFailures);
        _location = answer.Target;
        Move(answer, isRequired: true);
        if (int.TryParse(answer.Header("OCI-Chunk-Min-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var minimum))
            MinimumChunkLength = minimum <= MaxChunkLength ? minimum : throw TooLong(minimum);
    }

    /// <summary>The fewest bytes that a chunk may have, but for the last one; 0 if the registry does not say.</summary>
    public int MinimumChunkLength { get; }

    /// <summary>How many bytes the registry has acknowledged.</summary>
    public long Length => _offset;

    /// <summary>Sends the next bytes.</summary>
    /// <exception cref="RegistryException">The registry refuses, or five tries in a row have brought nothing.</exception>
    public Task AppendAsync(ReadOnlyMemory<byte> chunk, CancellationToken ct) => AppendAsync(chunk, isUnsure: false, ct);

    /// <summary>Ends the upload: the registry checks the digest and has the blob from then on.</summary>
    public Task FinishAsync(Digest digest, CancellationToken ct) => FinishAsync(digest, ReadOnlyMemory<byte>.Empty, ct);

    /// <summary>Sends the last bytes and ends the upload, in one request.</summary>
    public async Task FinishAsync(Digest digest, ReadOnlyMemory<byte> last, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await PutAsync(digest, last, ct);
                _isFinished = true;
                return;
            }
            catch (RegistryException e) when (IsRecoverable(e))
            {
                await RecoverAsync(e, ct);

                // It may have been done all the same.
                if (await BlobHead.LengthAsync(_session, _name, digest, ct) is not null)
                {
                    _isFinished = true;
                    return;
                }

                await AppendAsync(last, isUnsure: last.Length > 0, ct);
                last = ReadOnlyMemory<byte>.Empty;
            }
        }
    }

    /// <summary>Takes an upload back that was not finished; a registry that does not answer forgets it by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isFinished) return;
        _isFinished = true;
        using var limit = new IdleTimer(_session.Time, CancellationToken.None);
        limit.Wind(Limits.Grace);
        try
        {
            using var answer = await _session.SendAsync(Request(HttpMethod.Delete, _location), limit.Token);
        }
        catch (Exception e) when (e is TareException or OperationCanceledException)
        {
            // Best effort: there is nobody left to tell.
        }
    }

    /// <summary>Begins an upload, or has the registry take the blob from another repository.</summary>
    /// <returns><see langword="null"/> if it was taken over, and nothing is to be sent.</returns>
    internal static async Task<BlobUpload?> BeginAsync(EndpointSession session, Reference name, Digest mount, string? fromRepository, CancellationToken ct)
    {
        var query = "";
        var scope = "";
        if (!mount.IsEmpty)
        {
            query = $"mount={Uri.EscapeDataString(mount.ToString())}";
            if (fromRepository is not null)
            {
                query += $"&from={Uri.EscapeDataString(fromRepository)}";
                scope = Authentication.Scopes.Repository(fromRepository, RepositoryAccess.Pull);
            }
        }

        var request = new RegistryRequest(HttpMethod.Post, session.Endpoint.Address($"{name.Path}/blobs/uploads/", query))
        {
            Content = ReadOnlyMemory<byte>.Empty,
            ExtraScope = scope,
            Patience = mount.IsEmpty ? Limits.Idle : Limits.Commit,
            LeavesSomething = true,
        };
        var upload = await session.AskAsync(
            request,
            async answer => answer.Status switch
            {
                201 when !mount.IsEmpty => null,
                202 => new BlobUpload(session, name, scope, answer),
                _ => throw await RegistryErrors.OfWriteAsync(answer, session.Time, ct),
            },
            ct);
        if (!ct.IsCancellationRequested || upload is null) return upload;

        // It came too late: nobody else knows where it is.
        await upload.DisposeAsync();
        throw new OperationCanceledException(ct);
    }

    private RegistryException TooLong(int minimum) => new(
        ErrorKind.Internal, $"{_session.Endpoint.Host} wants chunks of at least {minimum} bytes, more than the {MaxChunkLength} that are held in memory");

    private RegistryRequest Request(HttpMethod method, Uri target) => new(method, target) { ExtraScope = _scope, Patience = Limits.Commit };

    private string? RangeOf(int length) => length == 0 ? null : $"{_offset}-{_offset + length - 1}";

    private bool IsRecoverable(RegistryException e) => e.IsTransient || (e.IsUnreachable && _offset > 0);

    private async Task AppendAsync(ReadOnlyMemory<byte> chunk, bool isUnsure, CancellationToken ct)
    {
        var start = _offset;
        var end = start + chunk.Length;
        while (isUnsure || _offset < end)
        {
            try
            {
                if (isUnsure) await LookUpAsync(start, end, ct);
                isUnsure = false;
                if (_offset < end) await PatchAsync(chunk[(int)(_offset - start)..], end, ct);
            }
            catch (RegistryException e) when (IsRecoverable(e) || e.Status == 416)
            {
                await RecoverAsync(e, ct);
                isUnsure = true;
            }
        }
    }

    private async Task PutAsync(Digest digest, ReadOnlyMemory<byte> last, CancellationToken ct)
    {
        var separator = _location.Query.Length > 1 ? '&' : '?';
        var target = new Uri($"{_location.GetLeftPart(UriPartial.Query).TrimEnd('?')}{separator}digest={Uri.EscapeDataString(digest.ToString())}");
        using var answer = await _session.SendAsync(Request(HttpMethod.Put, target) with { Content = last, ContentRange = RangeOf(last.Length) }, ct);
        if (answer.Status is < 200 or >= 300) throw await RegistryErrors.OfWriteAsync(answer, _session.Time, ct);
        _offset += last.Length;
    }

    private async Task PatchAsync(ReadOnlyMemory<byte> rest, long end, CancellationToken ct)
    {
        using var answer = await _session.SendAsync(Request(HttpMethod.Patch, _location) with { Content = rest, ContentRange = RangeOf(rest.Length) }, ct);
        if (answer.Status is < 200 or >= 300) throw await RegistryErrors.OfWriteAsync(answer, _session.Time, ct);
        Move(answer, isRequired: false);

        // A registry that says nothing has taken all of it.
        var reached = ContentRange.TryParseUpload(answer.Header("Range"), out var range) ? range.Last + 1 : end;
        if (reached > end || reached <= _offset)
        {
            throw new RegistryException(
                ErrorKind.Internal, $"{_session.Endpoint.Host} was sent the bytes {_offset} to {end - 1} of a blob of {_name.FamiliarName} and says that it has {reached}");
        }

        _offset = reached;
        _backoff.Progress();
    }

    // Asks how much has arrived.
    private async Task LookUpAsync(long start, long end, CancellationToken ct)
    {
        using var answer = await _session.SendAsync(Request(HttpMethod.Get, _location), ct);
        if (answer.Status is < 200 or >= 300) throw await RegistryErrors.OfWriteAsync(answer, _session.Time, ct);
        Move(answer, isRequired: false);
        if (!ContentRange.TryParseUpload(answer.Header("Range"), out var range)) return;

        // "0-0" is also what registries say that have nothing.
        var has = range.Last == 0 && _offset == 0 ? 0 : range.Last + 1;
        if (has < start || has > end)
        {
            throw new RegistryException(
                ErrorKind.Internal, $"{_session.Endpoint.Host} has lost a part of an upload to {_name.FamiliarName}", RegistryCodes.UploadInvalid);
        }

        if (has > _offset) _backoff.Progress();
        _offset = has;
    }

    private async Task RecoverAsync(RegistryException failure, CancellationToken ct)
    {
        if (!_backoff.TryFail(failure))
        {
            throw new RegistryException(
                failure.Kind, $"cannot upload to {_name.FamiliarName}: {failure.Message} (tried {_backoff.Failures} times)", failure.Code, failure.Status, failure);
        }

        await _backoff.WaitAsync(ct);
    }

    // Each answer may name another address for the next request.
    private void Move(Answer answer, bool isRequired)
    {
        if (answer.Header("Location") is not { } location)
        {
            if (isRequired) throw new RegistryException(ErrorKind.Internal, $"{_session.Endpoint.Host} does not say where to upload to");
            return;
        }

        _location = UploadLocation.Resolve(answer.Target, location, _session.Endpoint);
    }
}

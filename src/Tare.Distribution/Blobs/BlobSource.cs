using System.Buffers;
using Tare.Distribution.Endpoints;
using Tare.Distribution.Failures;
using Tare.Distribution.Transport;
using Tare.Errors;
using Tare.Oci;
using Tare.Oci.Images;

namespace Tare.Distribution.Blobs;

/// <summary>Asks one endpoint for a blob, from any byte on (distribution-spec, "Pulling blobs").</summary>
internal sealed class BlobSource(Reference name, OciDescriptor blob)
{
    private const int SkipPiece = 64 * 1024;

    /// <summary>Bytes.</summary>
    internal long Size => blob.Size;

    /// <summary>The blob, for messages.</summary>
    internal string What => $"{blob.Digest} of {name.FamiliarName}";

    /// <summary>Opens the blob at a position.</summary>
    /// <exception cref="RegistryException">It is not there, or not what the descriptor says.</exception>
    internal async Task<BlobConnection> OpenAsync(EndpointSession session, long position, CancellationToken ct)
    {
        var request = new RegistryRequest(HttpMethod.Get, session.Endpoint.Address($"{name.Path}/blobs/{blob.Digest}")) { From = position };
        var answer = await session.SendAsync(request, ct);
        var idle = new IdleTimer(session.Time, CancellationToken.None);
        try
        {
            var (skip, length) = await CheckAsync(answer, session, position, ct);
            var body = await answer.OpenAsync(ct);
            if (skip > 0) await SkipAsync(answer, body, idle, skip, ct);
            return new BlobConnection(answer, body, idle, IsExact: length && answer.Length is not null);
        }
        catch
        {
            idle.Dispose();
            answer.Dispose();
            throw;
        }
    }

    // How many bytes have to be passed over, and whether the answer goes on to the end of the blob.
    private async Task<(long Skip, bool ToTheEnd)> CheckAsync(Answer answer, EndpointSession session, long position, CancellationToken ct)
    {
        switch (answer.Status)
        {
            case 200:
                if (answer.Length is { } whole && whole != blob.Size) throw WrongLength(answer, whole);
                CheckEncoding(answer);
                return (position, true);
            case 206 when position > 0:
                if (!ContentRange.TryParse(answer.Header("Content-Range"), out var range)
                    || range.First != position || range.Last >= blob.Size || (range.Total is { } total && total != blob.Size)
                    || (answer.Length is { } part && part != range.Last - range.First + 1))
                {
                    throw new RegistryException(
                        ErrorKind.Internal,
                        $"{answer.Target.Authority} was asked for {What} from byte {position} of {blob.Size} and has sent another range: \"{Refusal.Clean(answer.Header("Content-Range") ?? "")}\"");
                }

                CheckEncoding(answer);
                return (0, range.Last == blob.Size - 1);
            case 416:
                throw new RegistryException(ErrorKind.Internal, $"{answer.Target.Authority} has less of {What} than {position} bytes", status: 416) { IsTransient = true };
            case 404 when !answer.IsForeign:
                var missing = await RegistryErrors.OfReadAsync(answer, name.WithoutTagAndDigest(), session.Time, ct);
                throw new RegistryException(ErrorKind.NotFound, $"{session.Endpoint.Host} does not have the blob {What}: {missing.Message}", missing.Code, 404);
            default:
                var error = await RegistryErrors.OfReadAsync(answer, name.WithoutTagAndDigest(), session.Time, ct);
                if (!error.IsTransient && (answer.IsForeign || error.Status == 429))
                {
                    // The address of a storage is good for some time only, and the registry gives a new one.
                    error = new RegistryException(error.Kind, error.Message, error.Code, error.Status, error) { IsTransient = true, RetryAfter = error.RetryAfter };
                }

                throw error;
        }
    }

    private RegistryException WrongLength(Answer answer, long length) => new(
        ErrorKind.Internal, $"{answer.Target.Authority} sends {length} bytes for {What}, which has {blob.Size}");

    private void CheckEncoding(Answer answer)
    {
        if (answer.Header("Content-Encoding") is { Length: > 0 } encoding && encoding != "identity")
            throw new RegistryException(ErrorKind.Internal, $"{answer.Target.Authority} has encoded {What} as \"{Refusal.Clean(encoding)}\", which was not asked for");
    }

    private static async Task SkipAsync(Answer answer, Stream body, IdleTimer idle, long count, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(SkipPiece);
        using var link = idle.Link(ct);
        try
        {
            while (count > 0)
            {
                idle.Wind(Limits.Idle);
                var read = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, count)), idle.Token);
                if (read == 0) throw new HttpIOException(HttpRequestError.ResponseEnded);
                count -= read;
            }
        }
        catch (Exception e) when (NetworkFailures.Covers(e))
        {
            ct.ThrowIfCancellationRequested();
            throw NetworkFailures.Cut(answer.Target, e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

/// <summary>An answer that carries the rest of a blob.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Body">Its body, at the position that was asked for.</param>
/// <param name="Idle">Ends a read on which nothing comes.</param>
/// <param name="IsExact">Whether its length is told and right, so that nothing can come after the last byte.</param>
internal sealed record BlobConnection(Answer Answer, Stream Body, IdleTimer Idle, bool IsExact) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        Body.Dispose();
        Answer.Dispose();
        Idle.Dispose();
    }
}

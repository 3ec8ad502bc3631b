using System.IO.Compression;
using Tare.Errors;

namespace Tare.Oci.Compression;

/// <summary>
/// Reads gzip to its true end: all members, and truncated or trailing bytes are errors. <see cref="GZipStream"/> reports neither.
/// </summary>
/// <remarks>
/// The trick: when the compressed stream ends, one more member is fed, whose content is a mark. Only if all members before it
/// were whole does the decompressor find that member, so the decompressed stream is complete exactly if the mark ends it. The
/// last bytes are held back until it is known whether they are the mark.
/// </remarks>
internal sealed class GzipReader : ReadOnlyStream
{
    private const int BufferLength = 128 * 1024;

    private static readonly byte[] Mark = Guid.NewGuid().ToByteArray();
    private static readonly byte[] MarkMember = MakeMember();

    private readonly GZipStream _gzip;
    private readonly byte[] _buffer = new byte[BufferLength];
    private int _start;
    private int _end;
    private bool _ended;

    internal GzipReader(Stream compressed) => _gzip = new GZipStream(new WithMark(compressed), CompressionMode.Decompress);

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty) return 0;
        while (!_ended && _end - _start <= Mark.Length) Fill();
        var available = _end - _start - (_ended ? 0 : Mark.Length);
        var count = Math.Min(available, buffer.Length);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _gzip.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        int count;
        try
        {
            count = _gzip.Read(_buffer.AsSpan(_end));
        }
        catch (InvalidDataException e)
        {
            throw Damaged(e);
        }

        _end += count;
        if (count > 0) return;
        _ended = true;
        if (_end - _start < Mark.Length || !_buffer.AsSpan(_end - Mark.Length, Mark.Length).SequenceEqual(Mark)) throw Damaged(null);
        _end -= Mark.Length;
    }

    private static TareException Damaged(Exception? inner) =>
        TareException.Invalid("the gzip data is truncated or damaged; fetch or make the archive again", inner);

    private static byte[] MakeMember()
    {
        var member = new MemoryStream();
        using (var gzip = new GZipStream(member, CompressionLevel.NoCompression, leaveOpen: true)) gzip.Write(Mark);
        return member.ToArray();
    }

    /// <summary>A stream followed by the member with the mark.</summary>
    private sealed class WithMark(Stream inner) : ReadOnlyStream
    {
        private int _given = -1;

        public override int Read(Span<byte> buffer)
        {
            if (_given < 0)
            {
                var count = inner.Read(buffer);
                if (count > 0 || buffer.IsEmpty) return count;
                _given = 0;
            }

            var rest = MarkMember.AsSpan(_given);
            var part = rest[..Math.Min(rest.Length, buffer.Length)];
            part.CopyTo(buffer);
            _given += part.Length;
            return part.Length;
        }
    }
}

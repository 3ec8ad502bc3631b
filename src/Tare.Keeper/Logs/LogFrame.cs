using System.Buffers.Binary;

namespace Tare.Keeper.Logs;

/// <summary>
/// One read's worth of output in a segment:
/// <code>
///   u8 0xA7 | u8 stream | u16 0 | u32 length | s64 unix nanoseconds | length bytes | u32 length
/// </code>
/// all little-endian. The length stands behind as well, to read backwards from a known boundary.
/// </summary>
internal static class LogFrame
{
    public const byte Magic = 0xA7;
    public const int HeaderSize = 16;
    public const int TrailerSize = 4;
    public const int Overhead = HeaderSize + TrailerSize;

    /// <summary>The most that is read at once, and so the largest payload.</summary>
    public const int MaxPayload = 64 * 1024;

    /// <summary>Completes a frame around a payload that stands at <see cref="HeaderSize"/> of the buffer; gives its length.</summary>
    public static int Seal(Span<byte> buffer, int stream, int length, long time)
    {
        buffer[0] = Magic;
        buffer[1] = (byte)stream;
        buffer[2] = buffer[3] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(buffer[4..], length);
        BinaryPrimitives.WriteInt64LittleEndian(buffer[8..], time);
        BinaryPrimitives.WriteInt32LittleEndian(buffer[(HeaderSize + length)..], length);
        return length + Overhead;
    }

    /// <summary>Reads a header; false when these bytes are none.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, out int stream, out int length, out long time)
    {
        stream = header[1];
        length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        time = BinaryPrimitives.ReadInt64LittleEndian(header[8..]);
        return header[0] == Magic && header[2] == 0 && header[3] == 0 && length is >= 0 and <= MaxPayload;
    }

    /// <summary>The length that stands behind a frame's payload.</summary>
    public static int ReadTrailer(ReadOnlySpan<byte> trailer) => BinaryPrimitives.ReadInt32LittleEndian(trailer);
}

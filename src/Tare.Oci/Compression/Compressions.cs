using System.IO.Compression;
using Tare.Errors;

namespace Tare.Oci.Compression;

/// <summary>How content is compressed.</summary>
public enum CompressionKind
{
    None,
    Gzip,
    Zstd,

    /// <summary>Known, and not supported.</summary>
    Bzip2,

    /// <summary>Known, and not supported.</summary>
    Xz,
}

/// <summary>Finds out how content is compressed, and decompresses it.</summary>
public static class Compressions
{
    /// <summary>How many first bytes tell.</summary>
    public const int MagicLength = 6;

    /// <summary>Tells by the first bytes (RFC 1952, RFC 8878, and the formats' own descriptions).</summary>
    public static CompressionKind Detect(ReadOnlySpan<byte> start)
    {
        if (start.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b, 0x08])) return CompressionKind.Gzip;
        if (start.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd])) return CompressionKind.Zstd;
        // A zstd stream may begin with a skippable frame, as those with a table of contents do.
        if (start.Length >= 4 && (start[0] & 0xf0) == 0x50 && start[1..4].SequenceEqual((ReadOnlySpan<byte>)[0x2a, 0x4d, 0x18])) return CompressionKind.Zstd;
        if (start.StartsWith("BZh"u8)) return CompressionKind.Bzip2;
        return start.StartsWith((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) ? CompressionKind.Xz : CompressionKind.None;
    }

    /// <summary>The uncompressed content of a stream. Damage and truncation are errors of its reads (<see cref="TareException"/>).</summary>
    /// <param name="kind">How it is compressed.</param>
    /// <param name="compressed">The content, from its first byte; it is not closed.</param>
    /// <exception cref="TareException">The kind is not supported.</exception>
    public static Stream Decompress(CompressionKind kind, Stream compressed) => kind switch
    {
        CompressionKind.None => compressed,
        CompressionKind.Gzip => new GzipReader(compressed),
        CompressionKind.Zstd => new ZstdReader(compressed),
        CompressionKind.Bzip2 => throw Unsupported("bzip2"),
        CompressionKind.Xz => throw Unsupported("xz"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>A stream that compresses what is written to it, to another that is not closed. Dispose it to end.</summary>
    public static Stream Compress(CompressionKind kind, Stream target) => kind switch
    {
        CompressionKind.Gzip => new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true),
        CompressionKind.Zstd => new ZstdWriter(target),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static TareException Unsupported(string name) =>
        TareException.NotImplemented($"the archive is compressed with {name}, which is not supported; compress it with gzip or zstd");
}

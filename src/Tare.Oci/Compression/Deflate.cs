using System.Runtime.InteropServices;

namespace Tare.Oci.Compression;

/// <summary>Compresses whole buffers to gzip members by libdeflate (libdeflate.h). For one thread at a time.</summary>
internal sealed class Deflate : IDisposable
{
    private nint _compressor;

    static Deflate() => NativeLibraries.Use();

    /// <param name="level">1 to 12.</param>
    internal Deflate(int level)
    {
        _compressor = libdeflate_alloc_compressor(level);
        if (_compressor == 0) throw new InsufficientMemoryException("no memory for a compressor");
    }

    ~Deflate() => Free();

    /// <summary>Makes a gzip member.</summary>
    /// <param name="plain">The bytes.</param>
    /// <param name="length">How many of them.</param>
    /// <param name="member">Has <see cref="BoundOf"/> bytes.</param>
    /// <returns>The member's length.</returns>
    internal int Compress(byte[] plain, int length, byte[] member)
    {
        var count = libdeflate_gzip_compress(_compressor, plain, (nuint)length, member, (nuint)member.Length);
        return count > 0 ? (int)count : throw new ArgumentException("there is no room for the member", nameof(member));
    }

    /// <summary>The most bytes that a member of so many plain ones has.</summary>
    internal int BoundOf(int length) => (int)libdeflate_gzip_compress_bound(_compressor, (nuint)length);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        libdeflate_free_compressor(_compressor);
        _compressor = 0;
    }

    [DllImport(NativeLibraries.Deflate)]
    private static extern nint libdeflate_alloc_compressor(int level);

    [DllImport(NativeLibraries.Deflate)]
    private static extern void libdeflate_free_compressor(nint compressor);

    [DllImport(NativeLibraries.Deflate)]
    private static extern nuint libdeflate_gzip_compress_bound(nint compressor, nuint length);

    [DllImport(NativeLibraries.Deflate)]
    private static extern nuint libdeflate_gzip_compress(nint compressor, [In] byte[] plain, nuint length, [In, Out] byte[] member, nuint room);
}

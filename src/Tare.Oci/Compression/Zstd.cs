using System.Runtime.InteropServices;
using Tare.Errors;

namespace Tare.Oci.Compression;

/// <summary>The streaming calls of libzstd (zstd.h). All arguments are blittable.</summary>
internal static class Zstd
{
    internal const int EndDirective = 2;

    static Zstd() => NativeLibraries.Use();

    /// <summary>A buffer and how far it has been used: ZSTD_inBuffer and ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Buffer
    {
        public nint Bytes;
        public nuint Length;
        public nuint Position;
    }

    [DllImport(NativeLibraries.Zstd)]
    internal static extern nint ZSTD_createDStream();

    [DllImport(NativeLibraries.Zstd)]
    internal static extern nuint ZSTD_freeDStream(nint stream);

    [DllImport(NativeLibraries.Zstd)]
    internal static extern nuint ZSTD_decompressStream(nint stream, ref Buffer output, ref Buffer input);

    [DllImport(NativeLibraries.Zstd)]
    internal static extern nint ZSTD_createCStream();

    [DllImport(NativeLibraries.Zstd)]
    internal static extern nuint ZSTD_freeCStream(nint stream);

    [DllImport(NativeLibraries.Zstd)]
    internal static extern nuint ZSTD_compressStream2(nint stream, ref Buffer output, ref Buffer input, int directive);

    [DllImport(NativeLibraries.Zstd)]
    internal static extern uint ZSTD_isError(nuint code);

    [DllImport(NativeLibraries.Zstd)]
    internal static extern nint ZSTD_getErrorName(nuint code);

    /// <summary>A buffer that the collector does not move, so that its address can be given away.</summary>
    internal static byte[] Pinned(int length) => GC.AllocateUninitializedArray<byte>(length, pinned: true);

    internal static Buffer Of(byte[] pinned, int start, int length) =>
        new() { Bytes = Marshal.UnsafeAddrOfPinnedArrayElement(pinned, start), Length = (nuint)length };

    internal static nuint Check(nuint code) =>
        ZSTD_isError(code) == 0
            ? code
            : throw TareException.Invalid($"the zstd data is damaged ({Marshal.PtrToStringUTF8(ZSTD_getErrorName(code))}); fetch or make the archive again");
}

/// <summary>Decompresses zstd (RFC 8878), all frames; truncation is an error.</summary>
internal sealed class ZstdReader(Stream compressed) : ReadOnlyStream
{
    private const int InputLength = 128 * 1024;
    private const int OutputLength = 256 * 1024;

    private readonly byte[] _input = Zstd.Pinned(InputLength);
    private readonly byte[] _output = Zstd.Pinned(OutputLength);
    private nint _stream = Zstd.ZSTD_createDStream();
    private int _inputStart;
    private int _inputEnd;
    private int _outputStart;
    private int _outputEnd;
    private bool _insideFrame;

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_stream == 0, this);
        if (buffer.IsEmpty) return 0;
        while (_outputStart == _outputEnd)
        {
            if (!Fill()) return 0;
        }

        var count = Math.Min(_outputEnd - _outputStart, buffer.Length);
        _output.AsSpan(_outputStart, count).CopyTo(buffer);
        _outputStart += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (_stream != 0) _ = Zstd.ZSTD_freeDStream(_stream);
        _stream = 0;
        base.Dispose(disposing);
    }

    private bool Fill()
    {
        var flushing = _outputEnd == OutputLength;
        if (_inputStart == _inputEnd && !flushing)
        {
            _inputStart = 0;
            _inputEnd = compressed.Read(_input);
            if (_inputEnd == 0) return _insideFrame ? throw TareException.Invalid("the zstd data is truncated; fetch or make the archive again") : false;
        }

        var input = Zstd.Of(_input, _inputStart, _inputEnd - _inputStart);
        var output = Zstd.Of(_output, 0, OutputLength);
        // The result is 0 exactly when a frame has ended and all of it was given out.
        _insideFrame = Zstd.Check(Zstd.ZSTD_decompressStream(_stream, ref output, ref input)) != 0;
        _inputStart += (int)input.Position;
        _outputStart = 0;
        _outputEnd = (int)output.Position;
        return true;
    }
}

/// <summary>Compresses with zstd at its default level.</summary>
internal sealed class ZstdWriter(Stream target) : WriteOnlyStream
{
    private const int BufferLength = 128 * 1024;
    private const int ContinueDirective = 0;

    private readonly byte[] _input = Zstd.Pinned(BufferLength);
    private readonly byte[] _output = Zstd.Pinned(BufferLength);
    private nint _stream = Zstd.ZSTD_createCStream();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_stream == 0, this);
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, BufferLength);
            buffer[..count].CopyTo(_input);
            buffer = buffer[count..];
            var input = Zstd.Of(_input, 0, count);
            while (input.Position < input.Length) Step(ref input, ContinueDirective);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (_stream != 0)
        {
            if (disposing)
            {
                var nothing = Zstd.Of(_input, 0, 0);
                while (Step(ref nothing, Zstd.EndDirective) != 0)
                {
                    // More to come.
                }
            }

            _ = Zstd.ZSTD_freeCStream(_stream);
            _stream = 0;
        }

        base.Dispose(disposing);
    }

    private nuint Step(ref Zstd.Buffer input, int directive)
    {
        var output = Zstd.Of(_output, 0, BufferLength);
        var left = Zstd.Check(Zstd.ZSTD_compressStream2(_stream, ref output, ref input, directive));
        target.Write(_output, 0, (int)output.Position);
        return left;
    }
}

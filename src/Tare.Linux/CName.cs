namespace Tare.Linux;

/// <summary>Names for the kernel: bytes with a terminating NUL, on the stack when they are short.</summary>
internal static class CName
{
    /// <summary>How much a caller puts on its stack: a name, or a usual path.</summary>
    internal const int StackLength = 512;

    /// <summary>The name with a NUL after it, in the buffer if it fits.</summary>
    /// <exception cref="ArgumentException">There is a NUL inside, where the kernel would stop reading.</exception>
    internal static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> name, Span<byte> buffer)
    {
        if (name.Contains((byte)0)) throw new ArgumentException("a name cannot contain a NUL", nameof(name));
        if (name.Length >= buffer.Length) buffer = new byte[name.Length + 1];
        name.CopyTo(buffer);
        buffer[name.Length] = 0;
        return buffer[..(name.Length + 1)];
    }
}

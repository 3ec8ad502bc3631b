using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>Counters to wait for: eventfd(2).</summary>
public static partial class EventFds
{
    private const int EFD_CLOEXEC = 0x80000;
    private const int EFD_NONBLOCK = 0x800;

    /// <summary>Makes one: close-on-exec, non-blocking, zero.</summary>
    public static Fd Create()
    {
        var number = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return number < 0 ? throw new LinuxException("create an eventfd", Marshal.GetLastPInvokeError()) : new Fd(number);
    }

    /// <summary>Adds one. A counter that is full wakes its readers all the same.</summary>
    public static void Signal(Fd eventFd)
    {
        Span<byte> one = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(one, 1);
        if (Descriptors.TryWrite(eventFd, one, out var error) < 0 && error != Errno.EAGAIN)
            throw new LinuxException($"signal {eventFd}", error);
    }

    /// <summary>Takes the count and leaves zero; 0 when it was zero.</summary>
    public static ulong Take(Fd eventFd)
    {
        Span<byte> count = stackalloc byte[8];
        if (Descriptors.TryRead(eventFd, count, out var error) < 0)
            return error == Errno.EAGAIN ? 0UL : throw new LinuxException($"read {eventFd}", error);
        return BinaryPrimitives.ReadUInt64LittleEndian(count);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);
}

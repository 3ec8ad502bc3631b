using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>What to wait for, and what has happened: the EPOLL constants of epoll_ctl(2).</summary>
[Flags]
public enum EpollEvents : uint
{
    None = 0,
    In = 0x1,
    Out = 0x4,
    Error = 0x8,
    HangUp = 0x10,
    OneShot = 1u << 30,
    EdgeTriggered = 1u << 31,
}

/// <summary>One event that <see cref="Epoll.Wait"/> found.</summary>
public readonly record struct EpollEvent(EpollEvents Events, ulong Token);

/// <summary>
/// An epoll(7) instance. Registrations hang on the open file, not on the number: remove a descriptor before it is closed when a
/// duplicate of it lives elsewhere, or its events go on coming.
/// </summary>
public sealed partial class Epoll : IDisposable
{
    private const int EPOLL_CLOEXEC = 0x80000;
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_DEL = 2;
    private const int EPOLL_CTL_MOD = 3;

    // struct epoll_event is packed on x86-64 alone.
    private static readonly bool Packed = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int Stride = Packed ? 12 : 16;
    private static readonly int TokenOffset = Packed ? 4 : 8;

    private readonly Fd fd;
    private readonly byte[] events;

    /// <summary>Creates an instance that reports at most <paramref name="capacity"/> events at once.</summary>
    public Epoll(int capacity = 64)
    {
        var number = epoll_create1(EPOLL_CLOEXEC);
        if (number < 0) throw new LinuxException("create an epoll instance", Marshal.GetLastPInvokeError());
        fd = new Fd(number);
        events = new byte[capacity * Stride];
    }

    /// <summary>Registers a descriptor under a token.</summary>
    public void Add(Fd target, EpollEvents interest, ulong token) => Control(EPOLL_CTL_ADD, target.Number, interest, token);

    /// <summary>Changes a registration; arms a one-shot one again.</summary>
    public void Modify(Fd target, EpollEvents interest, ulong token) => Control(EPOLL_CTL_MOD, target.Number, interest, token);

    /// <summary>As <see cref="Modify(Fd, EpollEvents, ulong)"/>, by number, which must still be open.</summary>
    internal void Modify(int number, EpollEvents interest, ulong token) => Control(EPOLL_CTL_MOD, number, interest, token);

    /// <summary>Removes a registration; nothing happens when there is none.</summary>
    public void Remove(Fd target) => Remove(target.Number);

    /// <summary>Removes a registration by number, which must still be open; nothing happens when there is none.</summary>
    internal unsafe void Remove(int number)
    {
        if (epoll_ctl(fd.Number, EPOLL_CTL_DEL, number, null) < 0 && Marshal.GetLastPInvokeError() is not Errno.ENOENT and var error)
            throw new LinuxException($"stop polling fd {number}", error);
    }

    /// <summary>Waits; returns how many events <see cref="this[int]"/> has. Interrupted waits are repeated.</summary>
    /// <param name="timeout">Milliseconds; -1 for ever.</param>
    public unsafe int Wait(int timeout)
    {
        var deadline = timeout > 0 ? Environment.TickCount64 + timeout : 0;
        fixed (byte* p = events)
        {
            while (true)
            {
                var count = epoll_wait(fd.Number, p, events.Length / Stride, timeout);
                if (count >= 0) return count;
                var error = Marshal.GetLastPInvokeError();
                if (error != Errno.EINTR) throw new LinuxException("wait for events", error);
                if (timeout > 0) timeout = (int)Math.Max(0, deadline - Environment.TickCount64);
            }
        }
    }

    /// <summary>An event of the last <see cref="Wait"/>.</summary>
    public EpollEvent this[int index]
    {
        get
        {
            var record = events.AsSpan(index * Stride, Stride);
            return new EpollEvent(
                (EpollEvents)BinaryPrimitives.ReadUInt32LittleEndian(record),
                BinaryPrimitives.ReadUInt64LittleEndian(record[TokenOffset..]));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();

    private unsafe void Control(int operation, int number, EpollEvents interest, ulong token)
    {
        var record = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(new Span<byte>(record, 4), (uint)interest);
        BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(record + TokenOffset, 8), token);
        if (epoll_ctl(fd.Number, operation, number, record) < 0)
            throw new LinuxException(error: Marshal.GetLastPInvokeError(), operation: $"poll fd {number}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int epoll_ctl(int epfd, int operation, int fd, byte* record);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int epoll_wait(int epfd, byte* records, int capacity, int timeout);
}

namespace Tare.Linux;

/// <summary>
/// Asynchronous readiness of descriptors that .NET does not know: pipes, ptys, eventfds, pidfds. One epoll thread for the whole
/// process; continuations run on the thread pool.
/// </summary>
public sealed class Poller : IDisposable
{
    /// <summary>Starts the thread.</summary>
    public Poller() => throw new NotImplementedException();

    /// <summary>Completes when a read would not block: data, the end of the file, an error, or (pidfd) the process's end.</summary>
    public ValueTask WaitReadableAsync(Fd fd, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Completes when a write would not block, or would fail.</summary>
    public ValueTask WaitWritableAsync(Fd fd, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Reads from a non-blocking descriptor; 0 at the end of the file (a pty whose last slave is closed has ended as well).</summary>
    public ValueTask<int> ReadAsync(Fd fd, Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Writes everything to a non-blocking descriptor.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPIPE"/> when nobody can read any more; other failures.</exception>
    public ValueTask WriteAsync(Fd fd, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Ends the thread; every wait under way fails with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
    }
}

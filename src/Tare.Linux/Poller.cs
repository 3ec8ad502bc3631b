using System.Threading.Tasks.Sources;

namespace Tare.Linux;

/// <summary>
/// Asynchronous readiness of descriptors that .NET does not know: pipes, ptys, eventfds, pidfds. One epoll thread for the whole
/// process; continuations run on the thread pool.
/// </summary>
/// <remarks>
/// A registration lives exactly as long as a wait: added one-shot when it begins, removed when it completes or is cancelled,
/// so that no closed descriptor leaves a stale one behind. A descriptor that is disposed during a wait stays open until the
/// wait is over.
/// </remarks>
public sealed class Poller : IDisposable
{
    private const ulong WakeToken = ulong.MaxValue;

    private readonly Lock gate = new();
    private readonly Epoll epoll = new();
    private readonly Fd wake = EventFds.Create();
    private readonly Dictionary<int, Entry> entries = [];
    private readonly Thread thread;
    private uint lastSerial;
    private bool disposed;

    /// <summary>Starts the thread.</summary>
    public Poller()
    {
        epoll.Add(wake, EpollEvents.In, WakeToken);
        thread = new Thread(Run, 128 * 1024) { IsBackground = true, Name = "poller" };
        thread.Start();
    }

    /// <summary>Completes when a read would not block: data, the end of the file, an error, or (pidfd) the process's end.</summary>
    public ValueTask WaitReadableAsync(Fd fd, CancellationToken cancellationToken) => WaitAsync(fd, EpollEvents.In, cancellationToken);

    /// <summary>Completes when a write would not block, or would fail.</summary>
    public ValueTask WaitWritableAsync(Fd fd, CancellationToken cancellationToken) => WaitAsync(fd, EpollEvents.Out, cancellationToken);

    /// <summary>
    /// Completes when both directions of a socket are over: the other end is closed, and not merely done with sending (POLLHUP, poll(2)).
    /// </summary>
    public ValueTask WaitHangUpAsync(Fd fd, CancellationToken cancellationToken) => WaitAsync(fd, EpollEvents.HangUp, cancellationToken);

    /// <summary>Reads from a non-blocking descriptor; 0 at the end of the file (a pty whose last slave is closed has ended as well).</summary>
    public async ValueTask<int> ReadAsync(Fd fd, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Descriptors.TryRead(fd, buffer.Span, out var error);
            if (count >= 0) return count;
            if (error == Errno.EIO) return 0;
            if (error != Errno.EAGAIN) throw new LinuxException($"read {fd}", error);
            await WaitReadableAsync(fd, cancellationToken);
        }
    }

    /// <summary>Writes everything to a non-blocking descriptor.</summary>
    /// <exception cref="LinuxException"><see cref="Errno.EPIPE"/> when nobody can read any more; other failures.</exception>
    public async ValueTask WriteAsync(Fd fd, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Descriptors.TryWrite(fd, buffer.Span, out var error);
            if (count >= 0) buffer = buffer[count..];
            else if (error != Errno.EAGAIN) throw new LinuxException($"write {fd}", error);
            else await WaitWritableAsync(fd, cancellationToken);
        }
    }

    /// <summary>Ends the thread; every wait under way fails with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
        }
        EventFds.Signal(wake);
        thread.Join();
        lock (gate)
        {
            foreach (var entry in entries.Values)
            {
                entry.Reader?.Fail(new ObjectDisposedException(nameof(Poller)));
                entry.Writer?.Fail(new ObjectDisposedException(nameof(Poller)));
                entry.HangUp?.Fail(new ObjectDisposedException(nameof(Poller)));
                entry.Fd.DangerousRelease();
            }
            entries.Clear();
        }
        epoll.Dispose();
        wake.Dispose();
    }

    private ValueTask WaitAsync(Fd fd, EpollEvents direction, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        var waiter = new Waiter(this, fd, direction);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var known = entries.TryGetValue(fd.Number, out var entry);
            if (!known)
            {
                entry = new Entry(fd, ++lastSerial);
                var counted = false;
                fd.DangerousAddRef(ref counted);
            }
            else if (!ReferenceEquals(entry!.Fd, fd) || entry.Slot(direction) is not null)
            {
                throw new InvalidOperationException($"{fd} is already being waited for");
            }
            entry!.Slot(direction) = waiter;
            try
            {
                if (known) epoll.Modify(fd, entry.Interest, entry.Token);
                else epoll.Add(fd, entry.Interest, entry.Token);
            }
            catch
            {
                entry.Slot(direction) = null;
                if (!known) fd.DangerousRelease();
                throw;
            }
            entries[fd.Number] = entry;
        }
        waiter.CancelWith(cancellationToken);
        return new ValueTask(waiter, 0);
    }

    /// <summary>Takes a waiter out; false when it has been completed or taken out before.</summary>
    private bool Forget(Waiter waiter)
    {
        lock (gate)
        {
            if (disposed || !entries.TryGetValue(waiter.Number, out var entry)) return false;
            if (!ReferenceEquals(entry.Slot(waiter.Direction), waiter)) return false;
            entry.Slot(waiter.Direction) = null;
            Rearm(waiter.Number, entry);
            return true;
        }
    }

    private void Rearm(int number, Entry entry)
    {
        if (entry.IsWaitedFor)
        {
            epoll.Modify(number, entry.Interest, entry.Token);
            return;
        }
        // The entry's reference keeps the number valid even if the owner has disposed the descriptor meanwhile.
        entries.Remove(number);
        epoll.Remove(number);
        entry.Fd.DangerousRelease();
    }

    private void Run()
    {
        while (true)
        {
            var count = epoll.Wait(-1);
            for (var i = 0; i < count; i++)
            {
                var ready = epoll[i];
                if (ready.Token == WakeToken) return;
                Waiter? reader = null, writer = null, hangUp = null;
                lock (gate)
                {
                    var number = (int)(ready.Token & 0xffffffff);
                    if (!entries.TryGetValue(number, out var entry) || entry.Token != ready.Token) continue;
                    var broken = (ready.Events & (EpollEvents.Error | EpollEvents.HangUp)) != 0;
                    if (broken || (ready.Events & EpollEvents.In) != 0) (reader, entry.Reader) = (entry.Reader, null);
                    if (broken || (ready.Events & EpollEvents.Out) != 0) (writer, entry.Writer) = (entry.Writer, null);
                    if (broken) (hangUp, entry.HangUp) = (entry.HangUp, null);
                    Rearm(number, entry);
                }
                reader?.Complete();
                writer?.Complete();
                hangUp?.Complete();
            }
        }
    }

    /// <summary>One descriptor that is being waited for, and by whom.</summary>
    private sealed class Entry(Fd fd, uint serial)
    {
        public Fd Fd { get; } = fd;

        /// <summary>Number and serial: an event of an earlier wait for the same number is told apart.</summary>
        public ulong Token { get; } = ((ulong)serial << 32) | (uint)fd.Number;

        public Waiter? Reader;

        public Waiter? Writer;

        public Waiter? HangUp;

        public bool IsWaitedFor => Reader is not null || Writer is not null || HangUp is not null;

        public EpollEvents Interest => EpollEvents.OneShot
            | (Reader is null ? EpollEvents.None : EpollEvents.In)
            | (Writer is null ? EpollEvents.None : EpollEvents.Out);

        /// <summary>Where who waits for this direction is kept. A hang-up is reported whatever is asked for.</summary>
        public ref Waiter? Slot(EpollEvents direction)
        {
            switch (direction)
            {
                case EpollEvents.In:
                    return ref Reader;
                case EpollEvents.Out:
                    return ref Writer;
                default:
                    return ref HangUp;
            }
        }
    }

    private sealed class Waiter : IValueTaskSource
    {
        private readonly Poller poller;
        private ManualResetValueTaskSourceCore<bool> core;
        private CancellationTokenRegistration registration;

        public Waiter(Poller poller, Fd fd, EpollEvents direction)
        {
            this.poller = poller;
            Number = fd.Number;
            Direction = direction;
            core.RunContinuationsAsynchronously = true;
        }

        public int Number { get; }

        public EpollEvents Direction { get; }

        public void CancelWith(CancellationToken cancellationToken)
        {
            if (!cancellationToken.CanBeCanceled) return;
            registration = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var waiter = (Waiter)state!;
                    if (waiter.poller.Forget(waiter)) waiter.Fail(new OperationCanceledException(token));
                },
                this);
        }

        public void Complete() => core.SetResult(true);

        public void Fail(Exception error) => core.SetException(error);

        public ValueTaskSourceStatus GetStatus(short token) => core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            core.OnCompleted(continuation, state, token, flags);

        public void GetResult(short token)
        {
            registration.Dispose();
            core.GetResult(token);
        }
    }
}

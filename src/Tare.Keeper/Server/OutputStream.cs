using Tare.Linux;

namespace Tare.Keeper.Server;

/// <summary>
/// One end that a process writes to, registered with an epoll instance. Never reads without being asked, and never spins:
/// a terminal whose last slave is closed stays hung up (EPOLLHUP) for as long as nobody opens one again, so that it is then
/// watched for changes only.
/// </summary>
internal sealed class OutputStream(Epoll epoll, Fd fd, bool terminal, ulong token)
{
    private bool registered;
    private bool hungUp;

    /// <summary>The read end or master; it is not disposed here.</summary>
    public Fd Fd { get; } = fd;

    public ulong Token { get; } = token;

    /// <summary>Whether the end of the output was seen; a terminal's output can go on after it.</summary>
    public bool Ended { get; private set; }

    /// <summary>Has events delivered.</summary>
    public void Resume()
    {
        if (registered || (Ended && !terminal)) return;
        epoll.Add(Fd, hungUp ? EpollEvents.In | EpollEvents.EdgeTriggered : EpollEvents.In, Token);
        registered = true;
    }

    /// <summary>Has no more events delivered. Must come before the descriptor is closed, as duplicates of it live elsewhere.</summary>
    public void Pause()
    {
        if (!registered) return;
        epoll.Remove(Fd);
        registered = false;
    }

    /// <summary>Reads once; 0 when there is nothing now, or nothing any more (<see cref="Ended"/>).</summary>
    public int Read(Span<byte> buffer)
    {
        var count = Descriptors.TryRead(Fd, buffer, out var error);
        if (count > 0)
        {
            if (hungUp) SetHungUp(false);
            return count;
        }
        if (count < 0 && error == Errno.EAGAIN) return 0;
        Ended = true;
        if (terminal) SetHungUp(true);
        else Pause();
        return 0;
    }

    /// <summary>Reads what the process had written when it ended, and gives it piece by piece to <paramref name="take"/>.</summary>
    /// <remarks>
    /// A grandchild may go on writing; a pipe is therefore read as far as it was filled at the beginning. How full a terminal is
    /// cannot be asked for, as part of it may still be on its way through the line discipline (a read waits for that part): it
    /// holds at most 64 KiB on that way and 4 KiB behind it.
    /// </remarks>
    public void Drain(Span<byte> buffer, Action<int> take)
    {
        var rest = terminal ? 128 * 1024 : RegularFiles.Available(Fd);
        while (rest > 0 && !(Ended && !terminal))
        {
            var count = Read(buffer[..Math.Min(buffer.Length, rest)]);
            if (count == 0) return;
            take(count);
            rest -= count;
        }
    }

    private void SetHungUp(bool value)
    {
        if (hungUp == value) return;
        hungUp = value;
        if (!value) Ended = false;
        if (registered) epoll.Modify(Fd, value ? EpollEvents.In | EpollEvents.EdgeTriggered : EpollEvents.In, Token);
    }
}

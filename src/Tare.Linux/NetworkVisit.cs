using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>
/// Opens things in other network namespaces from a thread that goes there and comes back (setns(2)): microseconds, where a thread that is used
/// once takes a hundred. The thread is the caller's own and runs nothing else meanwhile; never one of the pool.
/// </summary>
public sealed partial class NetworkVisit : IDisposable
{
    private const int CLONE_NEWNET = 0x40000000;

    private readonly Fd home = Paths.Open("/proc/thread-self/ns/net", OpenFlags.ReadOnly);
    private readonly int thread = Environment.CurrentManagedThreadId;

    /// <summary>Opens something there; a socket stays in the namespace in which it was made.</summary>
    /// <exception cref="LinuxException">The namespace cannot be entered, or what <paramref name="open"/> throws.</exception>
    public Fd Open(Fd network, Func<Fd> open)
    {
        if (Environment.CurrentManagedThreadId != thread) throw new InvalidOperationException("a visit begins on the thread that it was made on");
        if (setns(network.Number, CLONE_NEWNET) < 0) throw new LinuxException("enter a network namespace", Marshal.GetLastPInvokeError());
        try
        {
            return open();
        }
        finally
        {
            // A thread that stayed would do what is meant for the host in a container's network.
            if (setns(home.Number, CLONE_NEWNET) < 0) Environment.FailFast("cannot come back from a container's network namespace");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => home.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int fd, int kind);
}

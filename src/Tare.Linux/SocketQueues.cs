using System.Runtime.InteropServices;

namespace Tare.Linux;

/// <summary>What is under way between the two ends of a socket: unix(7), SIOCOUTQ.</summary>
public static partial class SocketQueues
{
    private const nuint SIOCOUTQ = 0x5411;

    /// <summary>Whether something that was sent on a unix socket has not been received by the other end yet. A socket that is gone has nothing.</summary>
    public static unsafe bool HasUnreceived(int socket)
    {
        // Counts the kernel's own bytes for each message too: only zero has a meaning.
        var count = 0;
        return ioctl(socket, SIOCOUTQ, &count) == 0 && count > 0;
    }

    [LibraryImport("libc")]
    private static unsafe partial int ioctl(int fd, nuint request, int* argument);
}

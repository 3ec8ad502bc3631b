namespace Tare.Linux.Netlink;

/// <summary>
/// Tells that something about network devices or their addresses of IPv6 has changed: the groups RTNLGRP_LINK and RTNLGRP_IPV6_IFADDR of rtnetlink(7). The namespace
/// is the one in which it was opened.
/// </summary>
public sealed class LinkMonitor : IDisposable
{
    private const int RTNLGRP_LINK = 1;
    private const int RTNLGRP_IPV6_IFADDR = 9;

    /// <summary>Some hundred changes. Those that find no room were no news: who is told of one looks anew.</summary>
    private const int Queue = 256 * 1024;

    private readonly NetlinkSocket socket;

    private LinkMonitor(NetlinkSocket socket) => this.socket = socket;

    /// <summary>Readable when something has changed since <see cref="Take"/>.</summary>
    public Fd Descriptor => socket.Descriptor;

    /// <summary>In the network namespace of this process.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static LinkMonitor Open() => Listen(null);

    /// <summary>In another network namespace.</summary>
    /// <exception cref="LinuxException">It cannot be entered.</exception>
    public static LinkMonitor OpenIn(Fd network) => Listen(network);

    /// <summary>Takes what there is, without waiting: what is told later has happened later.</summary>
    /// <exception cref="LinuxException">It cannot be received.</exception>
    public void Take() => socket.Notices(static (_, _, _) => { });

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    private static LinkMonitor Listen(Fd? network)
    {
        var socket = NetlinkSocket.Open(NetlinkSocket.Route, network);
        try
        {
            socket.Join(RTNLGRP_LINK, Queue);
            socket.Join(RTNLGRP_IPV6_IFADDR, Queue);
            return new LinkMonitor(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

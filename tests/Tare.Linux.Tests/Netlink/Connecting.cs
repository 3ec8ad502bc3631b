using System.Net;
using System.Net.Sockets;

namespace Tare.Linux.Tests.Netlink;

/// <summary>Connections that are waited for by the thread that wants them: a pool whose threads all wait hears of one up to a second late.</summary>
internal static class Connecting
{
    /// <summary>Connects; false when nobody answers within a time, or the connection is refused.</summary>
    public static bool TryConnect(this Socket socket, IPEndPoint to, int milliseconds)
    {
        socket.Blocking = false;
        try
        {
            socket.Connect(to);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            if (!socket.Poll(TimeSpan.FromMilliseconds(milliseconds), SelectMode.SelectWrite)) return false;
        }
        catch (SocketException)
        {
            return false;
        }
        socket.Blocking = true;
        return (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! == 0;
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Errors;

namespace Tare.Registry.Hosting;

/// <summary>A value of <c>--listen</c>: <c>ADDRESS:PORT</c>, <c>:PORT</c> for all addresses, <c>[::1]:PORT</c>, or a host's name.</summary>
internal static class ListenAddress
{
    /// <exception cref="TareException">It is none.</exception>
    internal static IPEndPoint Parse(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            throw TareException.Invalid($"invalid address to listen on ({text}): write ADDRESS:PORT, such as 127.0.0.1:5000 or :5000");
        var host = text[..colon];
        if (host.Length == 0) return new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port);
        if (IPAddress.TryParse(host.Trim('[', ']'), out var address)) return new IPEndPoint(address, port);
        try
        {
            var found = Dns.GetHostAddresses(host);
            return new IPEndPoint(Array.Find(found, a => a.AddressFamily == AddressFamily.InterNetwork) ?? found[0], port);
        }
        catch (SocketException e)
        {
            throw TareException.Invalid($"invalid address to listen on ({text}): {host}: {e.Message}", e);
        }
    }

    /// <summary>A bound socket. One for all IPv6 addresses takes IPv4 too.</summary>
    /// <exception cref="TareException">The address is in use or cannot be bound.</exception>
    internal static Socket Bind(IPEndPoint endPoint, string text)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any)) socket.DualMode = true;
            socket.Bind(endPoint);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new TareException(ErrorKind.Internal, $"failed to listen on {text}: {e.Message}", e);
        }
    }
}

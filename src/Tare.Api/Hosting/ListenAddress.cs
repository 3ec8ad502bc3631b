using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tare.Errors;

namespace Tare.Api.Hosting;

/// <summary>A value of <c>--host</c>, understood.</summary>
internal abstract record ListenAddress
{
    private const int DefaultPort = 2375;
    private const string DefaultSocket = "/var/run/docker.sock";

    /// <summary>The longest path that a unix socket's address can hold, in bytes (unix(7)).</summary>
    private const int LongestSocketPath = 107;

    private ListenAddress()
    {
    }

    /// <summary>A socket in the file system.</summary>
    internal sealed record Unix(string Path) : ListenAddress
    {
        public override string ToString() => "unix://" + Path;
    }

    /// <summary>A port, without encryption.</summary>
    internal sealed record Tcp(IPEndPoint EndPoint) : ListenAddress
    {
        public override string ToString() => "tcp://" + EndPoint;
    }

    /// <summary>Understands <c>unix://[path]</c>, <c>tcp://[address][:port]</c> and <c>address:port</c>.</summary>
    /// <exception cref="TareException"><see cref="ErrorKind.InvalidArgument"/> or <see cref="ErrorKind.NotImplemented"/>.</exception>
    internal static ListenAddress Parse(string text)
    {
        var trimmed = text.Trim();
        var scheme = trimmed.IndexOf("://", StringComparison.Ordinal);
        var (protocol, rest) = scheme < 0 ? ("tcp", trimmed) : (trimmed[..scheme], trimmed[(scheme + 3)..]);
        return protocol switch
        {
            "unix" => ParseUnix(text, rest),
            "tcp" => ParseTcp(text, rest),
            "fd" => throw TareException.NotImplemented($"invalid bind address ({text}): sockets handed over by systemd are not supported; listen on unix:///path"),
            "npipe" => throw TareException.Invalid($"invalid bind address ({text}): named pipes exist only on Windows"),
            _ => throw TareException.Invalid($"invalid bind address ({text}): unsupported proto '{protocol}'"),
        };
    }

    private static Unix ParseUnix(string text, string path)
    {
        if (path.Length == 0)
            path = DefaultSocket;
        if (path.Contains("://", StringComparison.Ordinal))
            throw TareException.Invalid($"invalid bind address ({text}): invalid unix address: {path}");
        path = System.IO.Path.GetFullPath(path);
        if (System.Text.Encoding.UTF8.GetByteCount(path) > LongestSocketPath)
            throw TareException.Invalid($"invalid bind address ({text}): the path of a unix socket has at most {LongestSocketPath} bytes; choose a shorter one");
        return new Unix(path);
    }

    private static Tcp ParseTcp(string text, string authority)
    {
        if (authority.Contains('/', StringComparison.Ordinal))
            throw TareException.Invalid($"invalid bind address ({text}): should not contain a path element");

        var (host, port) = SplitPort(authority);
        if (port.Length > 0 && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var checkedPort) || checkedPort is 0 or > ushort.MaxValue))
            throw TareException.Invalid($"invalid bind address ({text}): invalid port: {port}");
        var number = port.Length == 0 ? DefaultPort : int.Parse(port, CultureInfo.InvariantCulture);
        return new Tcp(new IPEndPoint(Resolve(text, host), number));
    }

    private static (string Host, string Port) SplitPort(string authority)
    {
        if (authority.StartsWith('['))
        {
            var close = authority.IndexOf(']', StringComparison.Ordinal);
            if (close > 0)
                return (authority[1..close], authority[(close + 1)..].TrimStart(':'));
        }

        var colon = authority.LastIndexOf(':');
        return colon < 0 ? (authority, string.Empty) : (authority[..colon], authority[(colon + 1)..]);
    }

    private static IPAddress Resolve(string text, string host)
    {
        if (host.Length == 0)
            return IPAddress.Loopback;
        if (IPAddress.TryParse(host, out var address))
            return address;
        try
        {
            var found = Dns.GetHostAddresses(host);
            return Array.Find(found, a => a.AddressFamily == AddressFamily.InterNetwork) ?? found[0];
        }
        catch (SocketException e)
        {
            throw TareException.Invalid($"invalid bind address ({text}): {host}: {e.Message}", e);
        }
    }
}

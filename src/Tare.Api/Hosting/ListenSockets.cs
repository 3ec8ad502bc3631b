using System.Net.Sockets;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Api.Hosting;

/// <summary>
/// Makes the sockets that are listened on. A unix socket has its mode and owner before listen(2), so that nobody can connect who may
/// not: until then the kernel refuses every connection.
/// </summary>
internal static class ListenSockets
{
    private const UnixFileMode SocketMode
        = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>A bound socket that does not listen yet.</summary>
    /// <exception cref="TareException">The address is in use or cannot be bound.</exception>
    internal static Socket Bind(ListenAddress address, uint? group) => address switch
    {
        ListenAddress.Unix unix => BindUnix(unix, group),
        ListenAddress.Tcp tcp => BindTcp(tcp),
        _ => throw new ArgumentException("no such address", nameof(address)),
    };

    private static Socket BindUnix(ListenAddress.Unix address, uint? group)
    {
        try
        {
            if (Path.GetDirectoryName(address.Path) is { Length: > 0 } directory)
                Directory.CreateDirectory(directory);
            RemoveStale(address.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            throw new TareException(ErrorKind.Internal, $"can't create unix socket {address.Path}: {e.Message}", e);
        }

        return Bound(address, new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), socket =>
        {
            socket.Bind(new UnixDomainSocketEndPoint(address.Path));
            File.SetUnixFileMode(address.Path, SocketMode);
            if (group is { } id)
                FileFacts.ChangeOwner(address.Path, user: null, id);
        });
    }

    private static Socket BindTcp(ListenAddress.Tcp address)
        => Bound(address, new Socket(address.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp), socket => socket.Bind(address.EndPoint));

    private static Socket Bound(ListenAddress address, Socket socket, Action<Socket> bind)
    {
        try
        {
            bind(socket);
            return socket;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or LinuxException)
        {
            socket.Dispose();
            throw new TareException(ErrorKind.Internal, $"failed to listen on {address}: {e.Message}", e);
        }
    }

    /// <summary>Removes a socket that a daemon left behind; refuses what is in use, and what is no socket.</summary>
    private static void RemoveStale(string path)
    {
        switch (FileFacts.KindOf(path))
        {
            case FileKind.Missing:
                return;
            case FileKind.Socket:
                break;
            default:
                throw TareException.Conflict($"can't create unix socket {path}: there is a file that is no socket; remove it or choose another path");
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw TareException.Conflict($"can't create unix socket {path}: another daemon is listening on it; stop that daemon or choose another path");
    }
}

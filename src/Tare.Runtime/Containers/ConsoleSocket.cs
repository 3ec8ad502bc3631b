using System.Text;
using Tare.Errors;
using Tare.Linux;

namespace Tare.Runtime.Containers;

/// <summary>Hands the master of a terminal to whoever listens on a socket (runc's docs/terminals.md, "Detached new terminal").</summary>
internal static class ConsoleSocket
{
    public static void Send(string path, Fd master)
    {
        using var socket = StreamSocket.TryConnect(path, out var error)
            ?? throw TareException.Invalid($"cannot connect to the console socket {path}: {Errno.Describe(error)}");
        SeqPacketSocket.Send(socket, Encoding.UTF8.GetBytes("/dev/ptmx"), [master], wait: true);
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Tare.Networks.Endpoints;

namespace Tare.Networks.Filters.Ports;

/// <summary>A process that has a port: proc_net(5), proc_pid_fd(5).</summary>
/// <param name="Pid">Its number, as this process sees it.</param>
/// <param name="Name">Its name.</param>
public sealed record PortHolder(int Pid, string Name)
{
    private const string Listening = "0A";
    private const int InodeColumn = 9;

    /// <summary>Looks for the process that keeps others from binding a port, in the network namespace of this thread.</summary>
    /// <returns>Null when none is found: it has ended meanwhile, or is in another pid namespace.</returns>
    internal static PortHolder? Find(TransportProtocol protocol, IPAddress address, ushort port)
    {
        var name = protocol == TransportProtocol.Udp ? "udp" : "tcp";
        var found = new List<(bool Listens, ulong Inode)>();
        foreach (var file in new[] { name, name + "6" })
        {
            foreach (var line in Lines($"/proc/thread-self/net/{file}").Skip(1))
            {
                if (Read(line) is { } socket && socket.Port == port && Excludes(socket.Address, address)) found.Add((socket.Listens, socket.Inode));
            }
        }
        // Who listens is to blame; a connection that has the port as its own may be of the same server.
        foreach (var (_, inode) in found.OrderByDescending(static socket => socket.Listens))
        {
            if (OwnerOf(inode) is { } holder) return holder;
        }
        return null;
    }

    /// <summary>A line of /proc/net/tcp; null for one without a socket, and for what cannot be read.</summary>
    internal static (IPAddress Address, ushort Port, bool Listens, ulong Inode)? Read(string line)
    {
        var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (columns.Length <= InodeColumn || columns[1].Split(':') is not [{ Length: 8 or 32 } addressText, var portText]) return null;
        var bytes = new byte[addressText.Length / 2];
        for (var i = 0; i < bytes.Length; i += 4)
        {
            // Each four bytes are a number of the machine's order.
            if (!uint.TryParse(addressText.AsSpan(i * 2, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var part)) return null;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i), part);
        }
        if (!ushort.TryParse(portText, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port)) return null;
        if (!ulong.TryParse(columns[InodeColumn], NumberStyles.None, CultureInfo.InvariantCulture, out var inode) || inode == 0) return null;
        return (new IPAddress(bytes), port, columns[3] == Listening, inode);
    }

    private static bool Excludes(IPAddress held, IPAddress wanted)
    {
        if (held.IsIPv4MappedToIPv6) held = held.MapToIPv4();
        // Of [::] it cannot be told here whether it has IPv4 too.
        if (held.Equals(IPAddress.IPv6Any)) return true;
        if (held.AddressFamily != wanted.AddressFamily) return false;
        return held.Equals(IPAddress.Any) || wanted.Equals(IPAddress.Any) || wanted.Equals(IPAddress.IPv6Any) || held.Equals(wanted);
    }

    private static PortHolder? OwnerOf(ulong inode)
    {
        var wanted = $"socket:[{inode}]";
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid == Environment.ProcessId) continue;
            try
            {
                foreach (var descriptor in Directory.EnumerateFileSystemEntries(process + "/fd"))
                {
                    if (new FileInfo(descriptor).LinkTarget == wanted) return new PortHolder(pid, File.ReadAllText(process + "/comm").TrimEnd('\n'));
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
            }
        }
        return null;
    }

    private static IEnumerable<string> Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            // A kernel without IPv6.
            return [];
        }
    }
}

using System.Net;
using Tare.Linux;
using Tare.Linux.Netlink.Tables;
using Tare.Networks.Dns.Names;

namespace Tare.Engine.Networks.Kernel;

/// <summary>
/// The sockets of the embedded DNS server in a container's network namespace. They are bound to any port of 127.0.0.11, and questions for its port 53
/// are led there: a container may have a server of its own at port 53 of all addresses, as with Docker.
/// </summary>
internal static class NameSockets
{
    private const string TableName = "tare-dns";
    private const ushort DnsPort = 53;
    private const int Backlog = 128;
    private const byte Tcp = 6;
    private const byte Udp = 17;

    /// <summary>Opens them. The rules stay as long as the namespace.</summary>
    /// <exception cref="LinuxException">The kernel refuses.</exception>
    public static (Fd Datagrams, Fd Connections) Open(Fd network)
    {
        var (datagrams, connections, tables) = Namespaces.InNetwork(network, () =>
        {
            var udp = Bind(stream: false);
            try
            {
                var tcp = Bind(stream: true);
                try
                {
                    IpSocket.Listen(tcp, Backlog);
                    return (udp, tcp, NftNetlink.Open());
                }
                catch
                {
                    tcp.Dispose();
                    throw;
                }
            }
            catch
            {
                udp.Dispose();
                throw;
            }
        });
        try
        {
            using (tables) Redirect(tables, PortOf(datagrams), PortOf(connections));
            return (datagrams, connections);
        }
        catch
        {
            datagrams.Dispose();
            connections.Dispose();
            throw;
        }
    }

    private static Fd Bind(bool stream)
    {
        var socket = IpSocket.New(six: false, stream);
        try
        {
            IpSocket.Bind(socket, new IPEndPoint(DnsView.EmbeddedAddress, 0));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static ushort PortOf(Fd socket) => (ushort)IpSocket.AddressOf(socket).Port;

    private static void Redirect(NftNetlink tables, ushort udp, ushort tcp)
    {
        var table = new NftTable(NftFamily.IPv4, TableName);
        var output = new NftChain(table, "output", new NftBase(NftChainType.Nat, NftHook.Output, NftPriority.DestinationNat));
        var server = new IPNetwork(DnsView.EmbeddedAddress, 32);
        tables.Commit(new NftBatch()
            .Add(table)
            .Add(output)
            // Those of sockets that are lost, with the engine and its keeper.
            .Flush(output)
            .Add(To(Udp, udp))
            .Add(To(Tcp, tcp)));

        NftRule To(byte protocol, ushort port) => new(
            output, new NftRuleBuilder(NftFamily.IPv4).Destination(server).DestinationPort(protocol, DnsPort).TranslateDestination(DnsView.EmbeddedAddress, port).Expressions);
    }
}

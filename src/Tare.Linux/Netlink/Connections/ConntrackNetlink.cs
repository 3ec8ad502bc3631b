namespace Tare.Linux.Netlink.Connections;

/// <summary>
/// The connections that the kernel tracks, by netlink: linux/netfilter/nfnetlink_conntrack.h. Translation is decided with a connection's first
/// packet; so when an endpoint changes, the connections to it have to be forgotten, or UDP goes on to the old one. The namespace is the one in
/// which it was opened; for one thread at a time.
/// </summary>
public sealed class ConntrackNetlink : IDisposable
{
    private const ushort NFNL_SUBSYS_CTNETLINK = 1 << 8;
    private const ushort IPCTNL_MSG_CT_NEW = NFNL_SUBSYS_CTNETLINK | 0;
    private const ushort IPCTNL_MSG_CT_GET = NFNL_SUBSYS_CTNETLINK | 1;
    private const ushort IPCTNL_MSG_CT_DELETE = NFNL_SUBSYS_CTNETLINK | 2;
    private const ushort IPCTNL_MSG_CT_GET_STATS = NFNL_SUBSYS_CTNETLINK | 5;
    private const ushort CTA_STATS_GLOBAL_ENTRIES = 1;
    private const int HeaderSize = 4;

    private readonly NetlinkSocket socket;

    private ConntrackNetlink(NetlinkSocket socket) => this.socket = socket;

    /// <summary>In the network namespace of this process.</summary>
    /// <exception cref="LinuxException">The kernel has no netfilter netlink.</exception>
    public static ConntrackNetlink Open() => new(NetlinkSocket.Open(NetlinkSocket.Netfilter, network: null));

    /// <summary>In another network namespace.</summary>
    /// <exception cref="LinuxException">It cannot be entered.</exception>
    public static ConntrackNetlink OpenIn(Fd network) => new(NetlinkSocket.Open(NetlinkSocket.Netfilter, network));

    /// <summary>How many connections are tracked in the namespace. To ask costs little, where a list costs a walk through the table of all namespaces.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public uint Count()
    {
        var writer = socket.NewWriter();
        writer.Begin(IPCTNL_MSG_CT_GET_STATS, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK).U8(0).U8(0).U16(0).End();
        var count = 0u;
        socket.Query(writer, (kind, body) =>
        {
            for (var attributes = NetlinkAttributes.After(body, HeaderSize); attributes.Next();)
            {
                if (kind == IPCTNL_MSG_CT_GET_STATS && attributes.Kind == CTA_STATS_GLOBAL_ENTRIES) count = attributes.Network32;
            }
        }).Check("count the tracked connections");
        return count;
    }

    /// <summary>The connections that match.</summary>
    /// <exception cref="LinuxException">The kernel refuses to tell.</exception>
    public IReadOnlyList<ConntrackEntry> List(ConntrackFilter filter)
    {
        try
        {
            return List(filter, filter);
        }
        catch (LinuxException e) when (e.Error is Errno.EINVAL or Errno.EOPNOTSUPP)
        {
            // A kernel that knows other filters: all are listed, and looked through here.
            return List(new ConntrackFilter(filter.V6), filter);
        }
    }

    /// <summary>Forgets the connections that match any of some filters. The next packet of each begins a new one.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="LinuxException">The kernel refuses to list them, or one could not be forgotten; the others are.</exception>
    public int Forget(params IReadOnlyCollection<ConntrackFilter> filters)
    {
        var forgotten = 0;
        LinuxException? failure = null;
        foreach (var filter in filters) forgotten += Remove(List(filter), ref failure);
        return failure is null ? forgotten : throw failure;
    }

    /// <summary>Forgets those of the connections that match a filter about which <paramref name="among"/> says so: one list for any number of them.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="LinuxException">The kernel refuses to list them, or one could not be forgotten; the others are.</exception>
    public int Forget(ConntrackFilter filter, Predicate<ConntrackEntry> among)
    {
        LinuxException? failure = null;
        var forgotten = Remove([.. List(filter).Where(entry => among(entry))], ref failure);
        return failure is null ? forgotten : throw failure;
    }

    /// <summary>Forgets those of all connections, IPv4 and IPv6, about which <paramref name="which"/> says so: one list of the kernel's whole table.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="LinuxException">The kernel refuses to list them, or one could not be forgotten; the others are.</exception>
    public int Forget(Predicate<ConntrackEntry> which)
    {
        LinuxException? failure = null;
        var entries = socket.List<ConntrackEntry>("list the tracked connections", static writer => BeginList(writer, family: 0).End(), (kind, body, list) =>
        {
            if (kind == IPCTNL_MSG_CT_NEW && body.Length >= HeaderSize && ConntrackEntry.Read(body) is { } entry && which(entry)) list.Add(entry);
        });
        var forgotten = Remove(entries, ref failure);
        return failure is null ? forgotten : throw failure;
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    /// <summary>Writes the request for a list.</summary>
    internal static void WriteList(NetlinkWriter writer, ConntrackFilter filter)
    {
        BeginList(writer, filter.V6 ? RouteCommand.AF_INET6 : RouteCommand.AF_INET);
        filter.Write(writer);
        writer.End();
    }

    /// <summary>Writes the request to forget a connection: that one, and not one that is of the same addresses and has begun since.</summary>
    internal static void WriteRemoval(NetlinkWriter writer, ConntrackEntry entry)
    {
        writer.Begin(IPCTNL_MSG_CT_DELETE, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK).U8(entry.Family).U8(0).U16(0);
        writer.Attribute(ConntrackEntry.CTA_TUPLE_ORIG | NetlinkWriter.NLA_F_NESTED, entry.Key).Network32(ConntrackEntry.CTA_ID, entry.Id);
        if (entry.Zone != 0) writer.Network16(ConntrackEntry.CTA_ZONE, entry.Zone);
        writer.End();
    }

    private static NetlinkWriter BeginList(NetlinkWriter writer, byte family) =>
        writer.Begin(IPCTNL_MSG_CT_GET, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP).U8(family).U8(0).U16(0);

    private int Remove(IReadOnlyList<ConntrackEntry> entries, ref LinuxException? failure)
    {
        if (entries.Count == 0) return 0;
        var forgotten = 0;
        var writer = socket.NewWriter();
        foreach (var entry in entries) WriteRemoval(writer, entry);
        var answers = socket.Exchange(writer);
        for (var i = 0; i < answers.Length; i++)
        {
            if (answers[i].IsSuccess) forgotten++;
            // One that has ended meanwhile is as wanted.
            else if (answers[i].Error != Errno.ENOENT) failure ??= answers[i].ToException($"forget the connection of {entries[i].Original}");
        }
        return forgotten;
    }

    private List<ConntrackEntry> List(ConntrackFilter asked, ConntrackFilter wanted) => socket.List<ConntrackEntry>("list the tracked connections", writer => WriteList(writer, asked), (kind, body, list) =>
    {
        if (kind == IPCTNL_MSG_CT_NEW && body.Length >= HeaderSize && ConntrackEntry.Read(body) is { } entry && wanted.Matches(entry)) list.Add(entry);
    });
}

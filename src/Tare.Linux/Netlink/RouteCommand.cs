namespace Tare.Linux.Netlink;

/// <summary>A change of network devices, addresses, routes or neighbours: one request of rtnetlink(7).</summary>
public abstract record RouteCommand
{
    internal const byte AF_INET = 2;
    internal const byte AF_INET6 = 10;
    internal const ushort Change = NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK;
    internal const ushort Create = Change | NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL;

    /// <summary>What is attempted, with the object's name, as errors say it.</summary>
    public abstract string Operation { get; }

    /// <summary>Writes the one message.</summary>
    public abstract void Write(NetlinkWriter writer);
}

using System.Net;
using System.Net.Sockets;

namespace Tare.Linux.Netlink.Connections;

/// <summary>Which connections are meant: those of one family of which all that is given is so.</summary>
/// <param name="V6">IPv6, or IPv4.</param>
public sealed record ConntrackFilter(bool V6)
{
    private const ushort CTA_FILTER = 25;
    private const ushort CTA_FILTER_ORIG_FLAGS = 1;
    private const ushort CTA_FILTER_REPLY_FLAGS = 2;

    /// <summary>CTA_FILTER_F_ of the kernel's net/netfilter/nf_internals.h: which parts of a direction are compared.</summary>
    private const uint SourceFlag = 1 << 0;
    private const uint DestinationFlag = 1 << 1;
    private const uint ProtocolFlag = 1 << 3;
    private const uint DestinationPortFlag = 1 << 5;

    /// <summary>Where it came from.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Where it was sent to at first.</summary>
    public IPAddress? Destination { get; init; }

    /// <summary>Its protocol.</summary>
    public byte? Protocol { get; init; }

    /// <summary>The port that it was sent to at first; only with <see cref="Protocol"/>.</summary>
    public ushort? DestinationPort { get; init; }

    /// <summary>Who answers: where it was sent to after translation.</summary>
    public IPAddress? Answerer { get; init; }

    /// <summary>The connections of an address, translated or not: those that it has begun, and those that lead to it.</summary>
    public static IReadOnlyList<ConntrackFilter> OfAddress(IPAddress address)
    {
        var any = new ConntrackFilter(address.AddressFamily == AddressFamily.InterNetworkV6);
        return [any with { Source = address }, any with { Answerer = address }];
    }

    /// <summary>The connections to a port of an address, or of any address of a family: what has to go when the port leads elsewhere from now on.</summary>
    /// <param name="address">The address; <see cref="IPAddress.Any"/> or <see cref="IPAddress.IPv6Any"/>: any of the family.</param>
    /// <param name="protocol">Such as 6 for TCP and 17 for UDP.</param>
    /// <param name="port">The port.</param>
    public static ConntrackFilter ToPort(IPAddress address, byte protocol, ushort port) => new(address.AddressFamily == AddressFamily.InterNetworkV6)
    {
        Destination = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ? null : address,
        Protocol = protocol,
        DestinationPort = port,
    };

    /// <summary>Whether a connection is meant.</summary>
    public bool Matches(ConntrackEntry entry) =>
        (entry.Original.Source.AddressFamily == AddressFamily.InterNetworkV6) == V6
        && (Source is null || Source.Equals(entry.Original.Source))
        && (Destination is null || Destination.Equals(entry.Original.Destination))
        && (Protocol is null || Protocol == entry.Original.Protocol)
        && (DestinationPort is null || DestinationPort == entry.Original.DestinationPort)
        && (Answerer is null || Answerer.Equals(entry.Reply.Source));

    /// <summary>
    /// Writes the attributes by which the kernel leaves out what does not match (5.8); older kernels do not look at them. IPv6 addresses are left out:
    /// the kernel's comparison of them (ctnetlink_filter_match_tuple) is the wrong way round, and leaves out what matches.
    /// </summary>
    internal void Write(NetlinkWriter writer)
    {
        if (DestinationPort is not null && Protocol is null) throw new InvalidOperationException("a port is one of a protocol");
        var (source, destination, answerer) = V6 ? default : (Source, Destination, Answerer);
        var original = (source is null ? 0 : SourceFlag) | (destination is null ? 0 : DestinationFlag) | (Protocol is null ? 0 : ProtocolFlag) | (DestinationPort is null ? 0 : DestinationPortFlag);
        var reply = answerer is null ? 0 : SourceFlag;
        if ((original | reply) == 0) return;
        if (original != 0) writer.Nest(ConntrackEntry.CTA_TUPLE_ORIG, tuple => ConntrackTuple.Write(tuple, source, destination, Protocol, DestinationPort));
        if (reply != 0) writer.Nest(ConntrackEntry.CTA_TUPLE_REPLY, tuple => ConntrackTuple.Write(tuple, answerer, null, null, null));
        writer.Nest(CTA_FILTER, flags => flags.UInt32(CTA_FILTER_ORIG_FLAGS, original).UInt32(CTA_FILTER_REPLY_FLAGS, reply));
    }
}

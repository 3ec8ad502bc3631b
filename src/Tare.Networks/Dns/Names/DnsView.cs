using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Tare.Networks.Dns.Names;

/// <summary>What one sandbox can see. It is replaced as a whole when the sandbox joins or leaves a network (<see cref="DnsSandbox.View"/>).</summary>
public sealed record DnsView
{
    /// <summary>Docker tries no more servers than these (libnetwork, maxExtDNS).</summary>
    public const int MaxUpstreams = 3;

    /// <summary>Where a container finds the embedded server.</summary>
    public static readonly IPAddress EmbeddedAddress = IPAddress.Parse("127.0.0.11");

    /// <summary>Sees nothing and asks nobody.</summary>
    public static readonly DnsView Empty = new();

    /// <summary>Its networks, in the order in which they are searched. The default bridge is none of them: it has no names.</summary>
    public ImmutableArray<DnsAttachment> Networks { get; init; } = [];

    /// <summary>The servers that are asked for everything else, in order; no more than <see cref="MaxUpstreams"/> are.</summary>
    public ImmutableArray<DnsUpstream> Upstreams { get; init; } = [];

    /// <summary>
    /// Whether one of its networks leads outside. From internal networks alone the host's servers are not asked; the container's own are, from
    /// its namespace, and may be on such a network (libnetwork, forwardExtDNS).
    /// </summary>
    public bool IsExternal { get; init; }

    /// <summary>
    /// The user or the host has chosen an <c>ndots</c>: names without dots are not passed on, since the client tries them with its search
    /// domains next.
    /// </summary>
    public bool KeepsBareNames { get; init; }

    /// <summary>The servers that may be asked: not the embedded one itself, which would ask for ever.</summary>
    internal IEnumerable<DnsUpstream> AllowedUpstreams => Upstreams
        .Where(upstream => upstream.FromHost || !upstream.Address.Address.Equals(EmbeddedAddress))
        .Take(MaxUpstreams)
        .Where(upstream => IsExternal || !upstream.FromHost);

    /// <summary>Adds the addresses of one family that a name has here; false when it is not a name of a container.</summary>
    /// <remarks>
    /// Docker's order (libnetwork, Sandbox.ResolveName): <c>a.b.c</c> is searched as itself on all networks, then as <c>a.b</c> on network
    /// <c>c</c>, then as <c>a</c> on network <c>b.c</c>; each time links on all networks first, then names. Those that are awaited are not
    /// Docker's: they are found when nobody live is, anywhere.
    /// </remarks>
    /// <param name="name">In lower case, without a dot at its end.</param>
    /// <param name="family">Of the addresses that are wanted; a name without any of it has been found all the same.</param>
    /// <param name="found">Where they are added.</param>
    internal bool TryResolve(string name, AddressFamily family, List<IPAddress> found) =>
        TryResolve(name, family, Liveness.Live, found) || TryResolve(name, family, Liveness.Awaited, found);

    private bool TryResolve(string name, AddressFamily family, Liveness liveness, List<IPAddress> found)
    {
        for (var cut = name.Length; cut > 0; cut = name.LastIndexOf('.', cut - 1))
        {
            var network = cut < name.Length ? name[(cut + 1)..] : null;
            var prefix = network is null ? name : name[..cut];
            foreach (var attachment in Networks)
            {
                if (IsOn(attachment, network) && attachment.TryResolveLink(prefix, family, liveness, found)) return true;
            }
            foreach (var attachment in Networks)
            {
                if (IsOn(attachment, network) && attachment.TryResolveName(prefix, family, liveness, found)) return true;
            }
        }
        return false;

        static bool IsOn(DnsAttachment attachment, string? network) => network is null || attachment.Network.Name == network;
    }

    /// <summary>The name that an address has here, with its network's; null when it is not a container's.</summary>
    internal string? NameOf(IPAddress address)
    {
        foreach (var attachment in Networks)
        {
            if (attachment.Network.NameOf(address) is { } name) return name;
        }
        return null;
    }
}

using System.Net;
using System.Net.Sockets;
using Tare.Errors;

namespace Tare.Networks.Addresses;

/// <summary>A range of addresses from which networks get subnets when they ask for none (dockerd's <c>--default-address-pool</c>).</summary>
public sealed record AddressPool
{
    /// <summary>Makes a pool.</summary>
    /// <param name="range">The range.</param>
    /// <param name="size">The prefix length of its subnets.</param>
    /// <exception cref="TareException">InvalidArgument: its subnets would be larger than it, or have no room.</exception>
    public AddressPool(IPNetwork range, int size)
    {
        var bits = AddressMath.BitsOf(range.BaseAddress.AddressFamily);
        if (size < range.PrefixLength) throw TareException.Invalid($"invalid default address pool {range}: its subnets of size {size} are larger than it is");
        if (size > bits - 2) throw TareException.Invalid($"invalid default address pool {range}: subnets of size {size} have no room for containers; the largest size is {bits - 2}");
        (Range, Size) = (range, size);
    }

    /// <summary>
    /// What is used when nothing is configured: subnets of 254 addresses, from the private ranges that companies use least (RFC 1918).
    /// 172.17.0.0/16, from which Docker has its default bridge, is not among them.
    /// </summary>
    public static IReadOnlyList<AddressPool> Defaults { get; } =
    [
        new(IPNetwork.Parse("172.18.0.0/15"), 24),
        new(IPNetwork.Parse("172.20.0.0/14"), 24),
        new(IPNetwork.Parse("172.24.0.0/13"), 24),
        new(IPNetwork.Parse("192.168.0.0/16"), 24),
    ];

    /// <summary>The range.</summary>
    public IPNetwork Range { get; }

    /// <summary>The prefix length of each subnet.</summary>
    public int Size { get; }

    /// <summary>A pool of unique local addresses (RFC 4193) that is this machine's own: others are very likely not to have it.</summary>
    /// <param name="seed">What is this machine's own, such as the engine's id.</param>
    public static AddressPool UniqueLocal(ReadOnlySpan<byte> seed)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes[0] = 0xfd;
        // The global id has 40 bits; the 16 after it count the subnets.
        System.Security.Cryptography.SHA256.HashData(seed).AsSpan(0, 5).CopyTo(bytes[1..]);
        return new AddressPool(new IPNetwork(new IPAddress(bytes), 48), 64);
    }

    /// <summary>Chooses the first subnet that overlaps nothing.</summary>
    /// <param name="pools">Where from, in this order; only those of the family count.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="taken">Subnets of other networks, and what the machine has routes to.</param>
    /// <exception cref="TareException">All are taken, in Docker's words.</exception>
    public static IPNetwork Choose(IReadOnlyList<AddressPool> pools, AddressFamily family, IEnumerable<IPNetwork> taken)
    {
        var ends = taken
            .Where(network => network.BaseAddress.AddressFamily == family)
            .Select(network => (First: AddressMath.First(network), Last: AddressMath.Last(network)))
            .OrderBy(range => range.First)
            .ToList();
        foreach (var pool in pools.Where(pool => pool.Range.BaseAddress.AddressFamily == family))
        {
            if (pool.FirstFree(ends) is { } first) return new IPNetwork(AddressMath.ToAddress(first, family), pool.Size);
        }

        throw TareException.Invalid("all predefined address pools have been fully subnetted");
    }

    private UInt128? FirstFree(List<(UInt128 First, UInt128 Last)> taken)
    {
        var length = UInt128.One << (AddressMath.BitsOf(Range.BaseAddress.AddressFamily) - Size);
        var (candidate, last) = (AddressMath.First(Range), AddressMath.Last(Range));
        foreach (var range in taken)
        {
            if (range.Last < candidate) continue;
            if (range.First > candidate + (length - 1)) break;
            // The next subnet that begins behind it; behind the last address of all there is none.
            var behind = range.Last / length;
            if (behind >= UInt128.MaxValue / length) return null;
            candidate = (behind + 1) * length;
            if (candidate > last) return null;
        }

        return candidate + (length - 1) <= last ? candidate : null;
    }
}

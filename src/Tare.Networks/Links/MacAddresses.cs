using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Numerics;
using Tare.Linux.Netlink;

namespace Tare.Networks.Links;

/// <summary>
/// Hardware addresses that follow from what has them. Addresses are given out again at once, and neighbours remember for a while which hardware had
/// one: where the hardware address follows from the address, what they remember stays right (before its version 28 Docker chose as
/// <see cref="OfEndpoint"/> does; since then it draws lots, and tells the neighbours by ARP).
/// </summary>
public static class MacAddresses
{
    // The second lowest bit of the first byte says that nobody has bought it, the lowest would make it a group's (IEEE 802).
    private const ulong FromIPv4 = 0x0242_0000_0000;
    private const ulong FromIPv6 = 0x0243_0000_0000;
    private const ulong FromId = 0x0600_0000_0000;
    private const uint Spread = 0x9E3779B1;

    /// <summary>That of an endpoint for which nobody has asked for one.</summary>
    /// <param name="ipv4">Its address; null for none.</param>
    /// <param name="ipv6">Its address; null for none. It matters where there is none of IPv4.</param>
    /// <exception cref="ArgumentException">It has neither.</exception>
    public static HardwareAddress OfEndpoint(IPAddress? ipv4, IPAddress? ipv6)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (ipv4 is not null && ipv4.TryWriteBytes(bytes, out var count) && count == 4) return new HardwareAddress(FromIPv4 | BinaryPrimitives.ReadUInt32BigEndian(bytes));
        if (ipv6 is null || !ipv6.TryWriteBytes(bytes, out count) || count != 16) throw new ArgumentException("an endpoint has an address", nameof(ipv6));
        // Different for all addresses of a subnet that differ in the last four bytes alone; the four before are mixed in.
        return new HardwareAddress(FromIPv6 | (BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) + (BitOperations.RotateLeft(BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]), 7) * Spread)));
    }

    /// <summary>That of a network's bridge, which would else be that of the port with the lowest, and change with its ports.</summary>
    /// <param name="networkId">Hexadecimal digits, of which the first ten count.</param>
    public static HardwareAddress OfBridge(string networkId) => new(FromId | ulong.Parse(networkId.AsSpan(0, 10), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tare.Networks.Addresses;

/// <summary>Addresses as numbers, so that one may count them. IPv4 and IPv6 are never mixed: who calls knows the family.</summary>
internal static class AddressMath
{
    internal const int Bits4 = 32;
    internal const int Bits6 = 128;

    internal static int BitsOf(AddressFamily family) => family == AddressFamily.InterNetwork ? Bits4 : Bits6;

    internal static UInt128 ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var count);
        return count == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    internal static IPAddress ToAddress(UInt128 number, AddressFamily family)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (family == AddressFamily.InterNetwork)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)number);
            return new IPAddress(bytes[..4]);
        }

        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(bytes);
    }

    internal static UInt128 First(IPNetwork network) => ToNumber(network.BaseAddress);

    /// <summary>The last address of a network.</summary>
    internal static UInt128 Last(IPNetwork network)
    {
        var host = BitsOf(network.BaseAddress.AddressFamily) - network.PrefixLength;
        return First(network) | (host == Bits6 ? UInt128.MaxValue : (UInt128.One << host) - 1);
    }

    internal static bool Overlap(IPNetwork one, IPNetwork other) =>
        one.BaseAddress.AddressFamily == other.BaseAddress.AddressFamily && First(one) <= Last(other) && First(other) <= Last(one);

    internal static bool Contains(IPNetwork outer, IPNetwork inner) => outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    /// <summary>Reads <c>10.0.0.7/24</c>, whose address need not be the first of its network.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address that stands there.</param>
    /// <param name="network">The network that it is in.</param>
    internal static bool TryParse(string text, out IPAddress address, out IPNetwork network)
    {
        (address, network) = (IPAddress.None, default);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !TryParse(text[..slash], out address)) return false;
        var digits = text.AsSpan(slash + 1);
        if (digits.Length is 0 or > 3 || digits.ContainsAnyExceptInRange('0', '9') || (digits.Length > 1 && digits[0] == '0')) return false;
        var bits = BitsOf(address.AddressFamily);
        var prefix = int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
        if (prefix > bits) return false;
        var host = bits - prefix;
        var first = host == Bits6 ? UInt128.Zero : ToNumber(address) >> host << host;
        network = new IPNetwork(ToAddress(first, address.AddressFamily), prefix);
        return true;
    }

    /// <summary>Reads an address as Go does: four decimal numbers without leading zeros, or IPv6 without a zone. IPv4 within IPv6 is IPv4.</summary>
    internal static bool TryParse(string text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.Contains('%', StringComparison.Ordinal) || text.Contains('[', StringComparison.Ordinal) || !IPAddress.TryParse(text, out var parsed)) return false;
        if (parsed.AddressFamily == AddressFamily.InterNetwork && parsed.ToString() != text) return false;
        address = parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed;
        return true;
    }
}

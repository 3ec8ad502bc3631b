using System.Net;

namespace Tare.Cli.Creation;

/// <summary>A prefix in CIDR notation, read as Go's net.ParseCIDR reads it: host bits may be set.</summary>
internal sealed class Subnet
{
    private readonly byte[] _address;
    private readonly int _length;

    private Subnet(byte[] address, int length) => (_address, _length) = (address, length);

    /// <summary>The address in front of the slash.</summary>
    public IPAddress Address => new(_address);

    /// <summary>Null when the text is none.</summary>
    public static Subnet? Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !PortOption.TryAddress(text[..slash], out var address)) return null;
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        var digits = text.AsSpan(slash + 1);
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9') || !int.TryParse(digits, out var length)) return null;
        // A mapped address counts as IPv6 before the slash and as IPv4 behind it.
        if (text.AsSpan(0, slash).Contains(':') && bytes.Length == 4) length -= 96;
        return length < 0 || length > bytes.Length * 8 ? null : new Subnet(bytes, length);
    }

    public bool Contains(IPAddress address)
    {
        var bytes = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
        if (bytes.Length != _address.Length) return false;
        for (var bit = 0; bit < _length; bit++)
        {
            if (((bytes[bit / 8] ^ _address[bit / 8]) & (0x80 >> (bit % 8))) != 0) return false;
        }

        return true;
    }
}

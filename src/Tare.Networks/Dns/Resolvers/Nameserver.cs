using System.Net;
using System.Net.Sockets;

namespace Tare.Networks.Dns.Resolvers;

/// <summary>The address of a server as resolv.conf(5) has it.</summary>
/// <param name="Text">As it is written into files: with its zone by name (<c>fe80::1%eth0</c>).</param>
/// <param name="Address">To be connected to, with the zone by number.</param>
public sealed record Nameserver(string Text, IPAddress Address)
{
    /// <summary>Whether it is an IPv6 address.</summary>
    public bool IsSix => Address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>Whether it means the machine itself.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Address);

    /// <summary>Reads an address; null when it is none. Short, octal and hexadecimal forms of IPv4 (inet_aton(3)) and brackets are none.</summary>
    public static Nameserver? TryParse(string text)
    {
        if (text.Contains('[') || text.Contains('/') || !IPAddress.TryParse(text, out var address)) return null;
        if (address.AddressFamily == AddressFamily.InterNetwork) return address.ToString() == text ? new Nameserver(text, address) : null;
        var zone = text.IndexOf('%');
        return new Nameserver(zone < 0 ? address.ToString() : new IPAddress(address.GetAddressBytes()) + text[zone..], address);
    }
}

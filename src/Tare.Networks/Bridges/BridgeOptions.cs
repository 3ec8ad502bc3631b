using System.Globalization;
using System.Net;
using Tare.Errors;
using Tare.Networks.Addresses;

namespace Tare.Networks.Bridges;

/// <summary>How containers of a bridge reach the outside, and the outside them.</summary>
public enum GatewayMode
{
    /// <summary>By address translation: only published ports are reached.</summary>
    Nat = 0,

    /// <summary>As <see cref="Nat"/>, but every port is reached where the container's address has a route.</summary>
    NatUnprotected,

    /// <summary>Without translation: published ports are reached at the container's own address.</summary>
    Routed,

    /// <summary>Not at all, and the host has no address in the network either.</summary>
    Isolated,
}

/// <summary>The options of a bridge network (<c>network create --opt</c>), whose names are Docker's.</summary>
public sealed record BridgeOptions
{
    private const string Prefix = "com.docker.network.bridge.";

    // linux/if.h: IFNAMSIZ with its zero.
    private const int LongestName = 15;

    // RFC 791 has no smaller one; the kernel's bridges take no larger one.
    private const int SmallestMtu = 68;
    private const int LargestMtu = 65535;

    /// <summary>Name of the bridge device; <see langword="null"/> for one that is made from the network's id.</summary>
    public string? DeviceName { get; init; }

    /// <summary>Bytes; 0 leaves it to the kernel, and IPv6 needs 1,280.</summary>
    public int Mtu { get; init; }

    /// <summary>Whether its containers reach each other.</summary>
    public bool InterContainer { get; init; } = true;

    /// <summary>Whether what they send to the outside gets the host's address.</summary>
    public bool Masquerade { get; init; } = true;

    /// <summary>Where ports are published that do not say it; <see langword="null"/> for everywhere.</summary>
    public IPAddress? HostBinding { get; init; }

    /// <summary>The address that what they send to the outside gets, instead of that of the device by which it leaves.</summary>
    public IPAddress? HostAddress4 { get; init; }

    /// <summary>As <see cref="HostAddress4"/>, of IPv6.</summary>
    public IPAddress? HostAddress6 { get; init; }

    /// <summary>Whether the bridge gets no address of IPv4, though the network has.</summary>
    public bool InhibitIPv4 { get; init; }

    /// <summary>Whether it is the network of containers that ask for none.</summary>
    public bool IsDefault { get; init; }

    /// <summary>For IPv4.</summary>
    public GatewayMode Gateway4 { get; init; }

    /// <summary>For IPv6.</summary>
    public GatewayMode Gateway6 { get; init; }

    /// <summary>How the devices in containers are called, before their number.</summary>
    public string ContainerPrefix { get; init; } = "eth";

    /// <summary>Reads options. Those that nobody knows are kept by the network and mean nothing, as with Docker.</summary>
    /// <param name="options">The options.</param>
    /// <param name="isInternal">Whether the network is internal.</param>
    /// <exception cref="TareException">InvalidArgument, in Docker's words where it has some.</exception>
    public static BridgeOptions Read(IReadOnlyDictionary<string, string> options, bool isInternal)
    {
        var result = new BridgeOptions();
        foreach (var (name, value) in options) result = result.With(name, value);
        if (!isInternal && (result.Gateway4 == GatewayMode.Isolated || result.Gateway6 == GatewayMode.Isolated))
            throw TareException.Invalid("gateway mode 'isolated' can only be used for an internal network");
        return result;
    }

    private BridgeOptions With(string name, string value) => name switch
    {
        Prefix + "name" => this with { DeviceName = value.Length == 0 ? null : Device(name, value, LongestName) },
        Prefix + "enable_icc" => this with { InterContainer = Switch(name, value) },
        Prefix + "enable_ip_masquerade" => this with { Masquerade = Switch(name, value) },
        Prefix + "host_binding_ipv4" => this with { HostBinding = Address(name, value) },
        Prefix + "inhibit_ipv4" => this with { InhibitIPv4 = Switch(name, value) },
        Prefix + "default_bridge" => this with { IsDefault = Switch(name, value) },
        Prefix + "gateway_mode_ipv4" => this with { Gateway4 = Mode(name, value) },
        Prefix + "gateway_mode_ipv6" => this with { Gateway6 = Mode(name, value) },
        "com.docker.network.driver.mtu" => this with { Mtu = Bytes(name, value) },
        "com.docker.network.host_ipv4" => this with { HostAddress4 = Address(name, value) },
        "com.docker.network.host_ipv6" => this with { HostAddress6 = Address(name, value) },
        // A number of up to two digits stands behind it.
        "com.docker.network.container_iface_prefix" => this with { ContainerPrefix = value.Length == 0 ? ContainerPrefix : Device(name, value, LongestName - 2) },
        _ => this,
    };

    private static TareException Unreadable(string name, string value, string reason) => TareException.Invalid($"failed to parse {name} value: {value} ({reason})");

    /// <summary>Reads what Go takes for true or false; null when it is neither.</summary>
    internal static bool? ReadSwitch(string value) => value switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
        _ => null,
    };

    private static bool Switch(string name, string value) => ReadSwitch(value) ?? throw Unreadable(name, value, $"strconv.ParseBool: parsing \"{value}\": invalid syntax");

    private static IPAddress Address(string name, string value) => AddressMath.TryParse(value, out var address) ? address : throw Unreadable(name, value, "nil ip");

    private static GatewayMode Mode(string name, string value) => value switch
    {
        "" or "nat" => GatewayMode.Nat,
        "nat-unprotected" => GatewayMode.NatUnprotected,
        "routed" => GatewayMode.Routed,
        "isolated" => GatewayMode.Isolated,
        _ => throw Unreadable(name, value, $"unknown gateway mode {value}"),
    };

    private static int Bytes(string name, string value)
    {
        if (!int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var bytes))
            throw Unreadable(name, value, $"strconv.Atoi: parsing \"{value}\": invalid syntax");
        if (bytes < 0) throw TareException.Invalid($"invalid MTU number: {bytes}");
        return bytes is 0 or (>= SmallestMtu and <= LargestMtu)
            ? bytes
            : throw TareException.Invalid($"invalid MTU number: {bytes}: a bridge takes {SmallestMtu} to {LargestMtu} bytes, or 0 for what it has by itself");
    }

    /// <summary>A name of a network device (dev_valid_name of the kernel).</summary>
    private static string Device(string name, string value, int longest)
    {
        var reason = value.Length > longest ? $"it has {value.Length} characters, and the kernel takes {longest}"
            : value is "." or ".." || value.AsSpan().ContainsAny('/', ':') || value.Any(c => char.IsWhiteSpace(c) || c is < ' ' or > '~') ? "a name of a network device has neither blanks nor / nor :"
            : null;
        return reason is null ? value : throw TareException.Invalid($"invalid {name} \"{value}\": {reason}");
    }
}

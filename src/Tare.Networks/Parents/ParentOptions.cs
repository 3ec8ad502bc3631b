using System.Globalization;
using Tare.Errors;
using Tare.Linux.Netlink;

namespace Tare.Networks.Parents;

/// <summary>The options of a network whose containers have devices on one of the host's (drivers <c>macvlan</c> and <c>ipvlan</c>), whose names are Docker's.</summary>
public sealed record ParentOptions
{
    private const int LastVlan = 4094;

    /// <summary>The host's device, or a VLAN on one, <c>eth0.50</c>; null: a device that leads nowhere, so that the containers have each other alone.</summary>
    public string? Parent { get; init; }

    /// <summary>How containers see each other, with macvlan.</summary>
    public MacvlanMode MacvlanMode { get; init; } = MacvlanMode.Bridge;

    /// <summary>On which layer it works, with ipvlan.</summary>
    public IpvlanMode IpvlanMode { get; init; }

    /// <summary>How containers see each other, with ipvlan.</summary>
    public IpvlanIsolation IpvlanIsolation { get; init; }

    /// <summary>Reads options; those that nobody knows mean nothing.</summary>
    /// <param name="driver"><c>macvlan</c> or <c>ipvlan</c>.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="TareException">InvalidArgument, in Docker's words.</exception>
    public static ParentOptions Read(string driver, IReadOnlyDictionary<string, string> options)
    {
        var result = new ParentOptions { Parent = Value("parent") };
        if (result.Parent == "lo") throw TareException.Invalid($"loopback interface is not a valid {driver} parent link");
        return driver == "macvlan"
            ? result with { MacvlanMode = Macvlan(Value("macvlan_mode")) }
            : result with { IpvlanMode = Ipvlan(Value("ipvlan_mode")), IpvlanIsolation = Isolation(Value("ipvlan_flag")) };

        string? Value(string name) => options.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
    }

    /// <summary>The host's device of a network: the one that is asked for, or one of the network's own.</summary>
    /// <param name="driver"><c>macvlan</c> or <c>ipvlan</c>.</param>
    /// <param name="networkId">64 hexadecimal digits.</param>
    public string DeviceOf(string driver, string networkId) => Parent ?? (driver == "macvlan" ? "dm-" : "di-") + networkId[..12];

    /// <summary>The device and the number of a VLAN.</summary>
    /// <param name="name">Such as <c>eth0.50</c>.</param>
    /// <exception cref="TareException">InvalidArgument: it is no such name.</exception>
    internal static (string Device, ushort Id) Vlan(string name)
    {
        if (!name.Contains('.', StringComparison.Ordinal)) throw TareException.Invalid($"invalid subinterface vlan name {name}, example formatting is eth0.10");
        var parts = name.Split('.');
        if (parts.Length != 2) throw TareException.Invalid($"required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received {name}");
        if (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var id)) throw TareException.Invalid($"unable to parse a valid vlan id from: {parts[1]} (ex. eth0.10 for vlan 10)");
        return id is >= 1 and <= LastVlan ? (parts[0], (ushort)id) : throw TareException.Invalid($"vlan id must be between 1-{LastVlan}, received: {id}");
    }

    private static MacvlanMode Macvlan(string? value) => value switch
    {
        null or "bridge" => MacvlanMode.Bridge,
        "private" => MacvlanMode.Private,
        "vepa" => MacvlanMode.Vepa,
        "passthru" => MacvlanMode.Passthru,
        _ => throw TareException.Invalid($"requested macvlan mode '{value}' is not valid, 'bridge' mode is the macvlan driver default"),
    };

    private static IpvlanMode Ipvlan(string? value) => value switch
    {
        null or "l2" => IpvlanMode.L2,
        "l3" => IpvlanMode.L3,
        "l3s" => IpvlanMode.L3S,
        _ => throw TareException.Invalid($"requested ipvlan mode '{value}' is not valid, 'l2' mode is the ipvlan driver default"),
    };

    private static IpvlanIsolation Isolation(string? value) => value switch
    {
        null or "bridge" => IpvlanIsolation.Bridge,
        "private" => IpvlanIsolation.Private,
        "vepa" => IpvlanIsolation.Vepa,
        _ => throw TareException.Invalid($"requested ipvlan flag '{value}' is not valid, 'bridge' is the ipvlan driver default"),
    };
}

using Tare.Networks.Addresses;

namespace Tare.Networks;

/// <summary>A network as a client asks for it (Engine API, NetworkCreateRequest).</summary>
public sealed record NetworkRequest
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The driver; empty for <c>bridge</c>.</summary>
    public string Driver { get; init; } = "";

    /// <summary>The address management; empty for <c>default</c>.</summary>
    public string IpamDriver { get; init; } = "";

    /// <summary>Its options.</summary>
    public IReadOnlyDictionary<string, string> IpamOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>The subnets; one from a pool for each family that has none here.</summary>
    public IReadOnlyList<SubnetRequest> Subnets { get; init; } = [];

    /// <summary>Options of the driver.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether nothing leads out of it.</summary>
    public bool IsInternal { get; init; }

    /// <summary>See <see cref="Network.IsAttachable"/>.</summary>
    public bool IsAttachable { get; init; }

    /// <summary>See <see cref="Network.IsConfigOnly"/>.</summary>
    public bool IsConfigOnly { get; init; }

    /// <summary>See <see cref="Network.ConfigFrom"/>.</summary>
    public string ConfigFrom { get; init; } = "";

    /// <summary>Whether it has IPv4; null: as the options say, or it has.</summary>
    public bool? HasIPv4 { get; init; }

    /// <summary>Whether it has IPv6; null: as the options say, or it has not.</summary>
    public bool? HasIPv6 { get; init; }
}
